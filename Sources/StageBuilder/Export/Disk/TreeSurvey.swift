import LinuxSystem
import MirrorModel
import Hashing
import SystemPackage

/// The space that the files of a tree need, and a digest of their names and attributes.
///
/// Neither depends on the file system that has them.
struct TreeSurvey: Sendable {
  /// In blocks of 4 KiB.
  private(set) var blocks: Int64 = 0
  private(set) var nodes: Int64 = 0
  private(set) var digest: [UInt8] = []

  init(_ tree: borrowing AnchoredDirectory, cancellation: Cancellation) throws(MirrorError) {
    var met = Set<NodeStatus.Identity>()
    var open: [MirrorPath] = [.root]
    while let path = open.popLast() {
      try cancellation.check()
      let directory = try TreeDirectory(try tree.directory(path))
      let entries = try attempt("read", "\(path)") { () throws(Errno) in try directory.entries() }
      var names = 0
      var lines = digest
      for entry in entries.sorted(by: { $0.name < $1.name }) {
        let place = path.appending(entry.name)
        let status = try attempt("examine", "\(place)") { () throws(Errno) in
          try NodeStatus(of: try directory.node(entry.name))
        }
        if status.kind == .directory { open.append(place) }
        names += entry.name.bytes.count + 16
        let isFirst = status.links == 1 || status.kind == .directory || met.insert(status.identity).inserted
        let size = status.kind == .directory ? 0 : status.size
        // One block for attributes, links, and the map of a file.
        if isFirst { (blocks, nodes) = (blocks + (size + 4095) / 4096 + 1, nodes + 1) }
        let line = [
          Int64(status.permissions), Int64(status.uid), Int64(status.gid), size, status.mtime.seconds,
        ]
        lines += Array("\(line)".utf8) + place.bytes + [0]
      }
      digest = try OpenSSLDigest.sha256(of: lines)
      blocks += Int64(names / 2048 + 1)
    }
  }
}
