public import SystemPackage

/// Puts index files in place, durably, in order, and only those that say something new.
public struct IndexPublisher: ~Copyable, Sendable {
  private let root: AnchoredDirectory

  /// Writes into the mirror at `root`.
  public init(root: FilePath, _ layout: MirrorLayout = MirrorLayout()) throws(MirrorError) {
    self.root = try AnchoredDirectory(root: root, layout: layout)
  }

  /// Writes a file, and what belongs to it right after; tells whether it changed.
  ///
  /// - Parameter companions: what is to lie beside it, its signatures; asked of what is about to be written.
  @discardableResult
  public func publish(
    _ file: IndexFile, companions: (IndexFile) throws(MirrorError) -> [IndexFile] = { _ in [] }
  ) throws(MirrorError) -> Bool {
    let beside = try companions(file)
    let changed = try write(file)
    for companion in beside { try write(companion) }
    return changed
  }

  @discardableResult
  private func write(_ file: IndexFile) throws(MirrorError) -> Bool {
    let directory = try directory(file.path.parent)
    let name = file.path.name
    let existing = try directory.status(of: name)
    if let existing {
      guard existing.kind == .regular else {
        throw MirrorError(
          .invalid, directory.displayed(name), "is not a regular file", remedy: "move it away")
      }
      if existing.size == file.bytes.count,
        try directory.contents(of: MirrorPath(bytes: name.bytes), limit: file.bytes.count) == file.bytes
      {
        return false
      }
    }
    let folder = try directory.status()
    try DurableFile.write(
      file.bytes, to: name, in: directory,
      existing.map(Ownership.init(of:)) ?? Ownership(forNewFileIn: folder))
    return true
  }

  /// Takes away a file that tells of nothing any more; nothing happens when it is gone already.
  func remove(_ path: MirrorPath) throws(MirrorError) {
    let directory = try root.directory(path.parent)
    try directory.unlink(path.name)
    try directory.sync()
  }

  /// A directory of the mirror, made where it is missing.
  private func directory(_ path: MirrorPath) throws(MirrorError) -> AnchoredDirectory {
    var directory = try root.duplicate()
    for component in path.components {
      if try directory.status(of: component) == nil { try directory.makeDirectory(component) }
      directory = try directory.directory(component)
    }
    return directory
  }

  /// Writes a file anywhere, in the same way; tells whether it changed.
  @discardableResult
  public static func write(_ bytes: [UInt8], to output: FilePath) throws(MirrorError) -> Bool {
    guard let name = output.lastComponent, name.kind == .regular else {
      throw MirrorError(.invalid, escaped(output.bytes), "is no file's name", remedy: "name a file")
    }
    let parent = output.removingLastComponent()
    return try IndexPublisher(root: parent.isEmpty ? "." : parent).write(
      IndexFile(path: MirrorPath(bytes: FilePath(root: nil, components: name).bytes), bytes: bytes))
  }
}

extension Ownership {
  /// Of the directory's owner, readable by all.
  fileprivate init(forNewFileIn directory: FileStatus) {
    uid = directory.uid
    gid = directory.gid
    mode = 0o644
  }
}
