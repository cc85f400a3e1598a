import LinuxSystem
import SystemPackage

/// A hidden directory, usually in the mirror, with copies of files to be sent as they were when they were
/// planned.
///
/// It is removed with this value; that of a killed run is removed like other leftovers.
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

  /// Root of one of its trees, which are kept apart.
  func base(_ tree: FileName) -> FilePath {
    parent.root.appending(name.description).appending(tree.description)
  }

  /// Copies a small file with its time, and returns its content.
  ///
  /// - Throws: `changed` if it is not the planned file any more.
  @discardableResult
  func copy(
    _ entry: LocalEntry, into tree: FileName, from anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8] {
    let file = try anchor.file(entry.path)
    let name = anchor.displayed(entry.path)
    let bytes = try attempt("read", name) { () throws(Errno) in
      try file.bytes(upTo: Int(clamping: entry.node.size))
    }
    let status = try attempt("examine", name) { () throws(Errno) in try file.status() }
    guard status.identity == entry.identity, Int64(bytes.count) == entry.node.size else {
      throw MirrorError(.changed, name, "changed since the mirror was scanned", remedy: "run again")
    }
    try write(bytes, to: entry.path, in: tree, mtime: status.identity.mtime)
    return bytes
  }

  /// Writes or rewrites a file; `mtime` in nanoseconds since the epoch.
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

  /// The content of a file in a tree; nil if it does not exist.
  func contents(of path: MirrorPath, in tree: FileName) throws(MirrorError) -> [UInt8]? {
    try directory.contents(of: MirrorPath(bytes: tree.bytes).joined(path), limit: 1 << 30)
  }

  /// Makes a symbolic link.
  func link(_ path: MirrorPath, to target: [UInt8], in tree: FileName) throws(MirrorError) {
    try makeDirectory(path.parent, in: tree)
    let folder = try directory.directory(MirrorPath(bytes: tree.bytes).joined(path.parent))
    try folder.createLink(path.name, to: target)
  }

  /// Makes a directory in a tree, with its parents.
  func makeDirectory(_ path: MirrorPath, in tree: FileName) throws(MirrorError) {
    let full = MirrorPath(bytes: tree.bytes).joined(path)
    for ancestor in full.ancestors + [full] { try directory.makeDirectory(at: ancestor, mode: 0o755) }
  }
}
