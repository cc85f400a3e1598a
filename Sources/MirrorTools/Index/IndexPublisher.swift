public import SystemPackage

/// Puts an index in place, durably, and only if it says something new.
public enum IndexPublisher {
  /// Writes `index.xml` or `index.json` into the mirror at `root`; tells whether it changed.
  @discardableResult
  public static func publish(
    _ bytes: [UInt8], as name: FileName, in root: FilePath, _ layout: MirrorLayout = MirrorLayout()
  ) throws(MirrorError) -> Bool {
    let directory = try AnchoredDirectory(root: root, layout: layout)
    let existing = try directory.status(of: name)
    if let existing {
      guard existing.kind == .regular else {
        throw MirrorError(
          .invalid, directory.displayed(name), "is not a regular file", remedy: "move it away")
      }
      if existing.size == bytes.count,
        try directory.contents(of: MirrorPath(bytes: name.bytes), limit: bytes.count) == bytes
      {
        return false
      }
    }
    let folder = try directory.status()
    try DurableFile.write(
      bytes, to: name, in: directory, existing.map(Ownership.init(of:)) ?? Ownership(forNewFileIn: folder))
    return true
  }

  /// Whether an index of that name lies in the mirror at `root`.
  public static func exists(_ name: FileName, in root: FilePath) throws(MirrorError) -> Bool {
    try AnchoredDirectory(root: root).status(of: name) != nil
  }

  /// Writes an index to a file anywhere, in the same way.
  @discardableResult
  public static func write(_ bytes: [UInt8], to output: FilePath) throws(MirrorError) -> Bool {
    guard let name = output.lastComponent, name.kind == .regular else {
      throw MirrorError(.invalid, escaped(output.bytes), "is no file's name", remedy: "name a file")
    }
    let parent = output.removingLastComponent()
    return try publish(
      bytes, as: FileName(bytes: FilePath(root: nil, components: name).bytes),
      in: parent.isEmpty ? "." : parent)
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
