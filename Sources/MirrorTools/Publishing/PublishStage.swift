import LinuxSystem
import SystemPackage

/// A hidden directory, usually of the mirror, with copies of what must be sent as it was when it was planned.
///
/// It goes with this value; that of a killed run is swept as its other leftovers are.
struct PublishStage: ~Copyable {
  private let parent: AnchoredDirectory
  private let name: FileName
  private let directory: AnchoredDirectory

  init(in root: FilePath) throws(MirrorError) {
    let parent = try AnchoredDirectory(root: root)
    let name = TemporaryName.make()
    try parent.makeDirectory(name, mode: 0o700)
    let directory = try parent.directory(name)
    self.parent = parent
    self.name = name
    self.directory = directory
  }

  deinit { try? TreeRemover(cancellation: Cancellation()).remove(name, in: parent) }

  /// Where a tree of it lies; several are kept apart.
  func base(_ tree: FileName) -> FilePath {
    parent.root.appending(name.description).appending(tree.description)
  }

  /// Copies a small file with its time, and gives its content.
  ///
  /// - Throws: `changed` if it is not what was planned.
  @discardableResult
  func copy(
    _ entry: LocalEntry, into tree: FileName, from anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8] {
    let file = try anchor.file(entry.path)
    let name = anchor.displayed(entry.path)
    let bytes = try attempt("read", name) { () throws(Errno) in
      try file.bytes(upTo: Int(clamping: entry.node.size))
    }
    let status = try attempt("look at", name) { () throws(Errno) in try file.status() }
    guard status.identity == entry.identity, Int64(bytes.count) == entry.node.size else {
      throw MirrorError(.changed, name, "changed since it was looked at", remedy: "run again")
    }
    try write(bytes, to: entry.path, in: tree, mtime: status.identity.mtime)
    return bytes
  }

  /// Writes a file, or writes it anew; `mtime` in nanoseconds since the epoch.
  func write(
    _ bytes: [UInt8], to path: MirrorPath, in tree: FileName, mtime: Int64? = nil
  ) throws(MirrorError) {
    try makeDirectory(path.parent, in: tree)
    let folder = try directory.directory(MirrorPath(bytes: tree.bytes).joined(path.parent))
    try folder.unlink(path.name)
    let file = try folder.createFile(path.name)
    try attempt("write", folder.displayed(path.name)) { () throws(Errno) in
      try file.write(bytes)
      if let mtime { try file.setTime(mtime) }
    }
  }

  /// The content of a file of a tree; nil if it is not there.
  func contents(of path: MirrorPath, in tree: FileName) throws(MirrorError) -> [UInt8]? {
    try directory.contents(of: MirrorPath(bytes: tree.bytes).joined(path), limit: 1 << 30)
  }

  /// Makes a link.
  func link(_ path: MirrorPath, to target: [UInt8], in tree: FileName) throws(MirrorError) {
    try makeDirectory(path.parent, in: tree)
    let folder = try directory.directory(MirrorPath(bytes: tree.bytes).joined(path.parent))
    try folder.createLink(path.name, to: target)
  }

  /// Makes a directory of a tree, and those above it.
  func makeDirectory(_ path: MirrorPath, in tree: FileName) throws(MirrorError) {
    let full = MirrorPath(bytes: tree.bytes).joined(path)
    for ancestor in full.ancestors + [full] { try directory.makeDirectory(at: ancestor, mode: 0o755) }
  }
}
