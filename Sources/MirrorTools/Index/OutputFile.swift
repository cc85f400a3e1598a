public import LinuxSystem
public import SystemPackage

/// A file that the user named for a result: replaced whole if it is a regular file or does not exist, written into
/// otherwise.
public enum OutputFile {
  /// Writes it; returns whether that changed anything.
  ///
  /// A symbolic link stays, and what it points at is replaced or made.
  @discardableResult
  public static func write(_ bytes: [UInt8], to path: FilePath) throws(MirrorError) -> Bool {
    guard let status = try? path.status(), status.kind != .regular else {
      return try IndexPublisher.write(bytes, to: try destination(path))
    }
    let shown = escaped(path.bytes)
    guard status.kind != .directory else {
      throw MirrorError(.invalid, shown, "is a directory", remedy: "name a file")
    }
    // A pipe waits for its reader, as for every program that writes to it.
    let file = try attempt("open", shown) { () throws(Errno) in try Descriptor(writing: path) }
    try attempt("write", shown) { () throws(Errno) in try file.write(bytes) }
    return true
  }

  /// Whether a path names what standard output is open on, as `/dev/stdout` does.
  ///
  /// Opened anew, a file would be written from its beginning.
  public static func isStandardOutput(_ path: FilePath) -> Bool {
    guard let named = try? path.status() else { return false }
    return StandardStream.output.isOpen(on: named)
  }

  /// Where links lead from a path, to something that need not exist.
  private static func destination(_ path: FilePath) throws(MirrorError) -> FilePath {
    var path = path
    for _ in 0..<40 {
      guard let link = try? path.linkStatus(), link.kind == .link else { return path }
      // Whoever may write to the directory could lead root anywhere.
      guard link.uid == Account.user || link.uid == 0 else {
        throw MirrorError(
          .refused, escaped(path.bytes), "is a link that belongs to user \(link.uid)",
          remedy: "name the file that it points at")
      }
      let (place, shown) = (path, escaped(path.bytes))
      let target = try attempt("read the link", shown) { () throws(Errno) in try place.linkText() }
      path = path.removingLastComponent().pushing(target)
    }
    throw .system(.tooManySymbolicLinkLevels, "follow", escaped(path.bytes))
  }
}
