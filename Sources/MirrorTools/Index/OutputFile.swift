public import LinuxSystem
public import SystemPackage

/// A file that the user gave for a result: replaced as a whole if it is a regular file or does not exist,
/// otherwise written to.
public enum OutputFile {
  /// Writes the file; returns whether its content changed.
  ///
  /// A symbolic link is kept; its target is replaced or created.
  @discardableResult
  public static func write(_ bytes: [UInt8], to path: FilePath) throws(MirrorError) -> Bool {
    guard let status = try? path.status(), status.kind != .regular else {
      return try IndexPublisher.write(bytes, to: try destination(path))
    }
    let shown = escaped(path.bytes)
    guard status.kind != .directory else {
      throw MirrorError(.invalid, shown, "is a directory", remedy: "give a file name")
    }
    // A pipe blocks until there is a reader, as for every program that writes to it.
    let file = try attempt("open", shown) { () throws(Errno) in try Descriptor(writing: path) }
    try attempt("write", shown) { () throws(Errno) in try file.write(bytes) }
    return true
  }

  /// Whether a path names the file that standard output is open on, e.g. `/dev/stdout`.
  ///
  /// A file opened again would be overwritten from its beginning.
  public static func isStandardOutput(_ path: FilePath) -> Bool {
    guard let named = try? path.status() else { return false }
    return StandardStream.output.isOpen(on: named)
  }

  /// Follows links to a target that may not exist.
  private static func destination(_ path: FilePath) throws(MirrorError) -> FilePath {
    var path = path
    for _ in 0..<40 {
      guard let link = try? path.linkStatus(), link.kind == .link else { return path }
      // Otherwise anyone who may write to the directory could make root write anywhere.
      guard link.uid == Account.user || link.uid == 0 else {
        throw MirrorError(
          .refused, escaped(path.bytes), "is a link owned by user \(link.uid)",
          remedy: "use its target instead")
      }
      let (place, shown) = (path, escaped(path.bytes))
      let target = try attempt("read the link", shown) { () throws(Errno) in try place.linkText() }
      path = path.removingLastComponent().pushing(target)
    }
    throw .system(.tooManySymbolicLinkLevels, "follow", escaped(path.bytes))
  }
}
