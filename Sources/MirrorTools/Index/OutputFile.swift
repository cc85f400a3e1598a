import CLinux
import Glibc
public import SystemPackage

/// A file that the user named for a result: replaced whole if it is a regular file or does not exist, written into
/// otherwise.
public enum OutputFile {
  /// Writes it; returns whether that changed anything.
  ///
  /// A symbolic link stays, and what it points at is replaced or made.
  @discardableResult
  public static func write(_ bytes: [UInt8], to path: FilePath) throws(MirrorError) -> Bool {
    guard let status = status(path), status.st_mode & S_IFMT != S_IFREG else {
      return try IndexPublisher.write(bytes, to: try destination(path))
    }
    let shown = escaped(path.bytes)
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw MirrorError(.invalid, shown, "is a directory", remedy: "name a file")
    }
    // A pipe waits for its reader, as for every program that writes to it.
    let raw = path.withPlatformString { open($0, O_WRONLY | O_NOCTTY | O_CLOEXEC) }
    guard raw >= 0 else { throw .system(lastErrno(), "open", shown) }
    let file = Descriptor(owning: raw)
    try attempt("write", shown) { () throws(Errno) in try file.write(bytes) }
    return true
  }

  /// Whether a path names what standard output is open on, as `/dev/stdout` does.
  ///
  /// Opened anew, a file would be written from its beginning.
  public static func isStandardOutput(_ path: FilePath) -> Bool {
    var own = stat()
    guard let named = status(path), fstat(STDOUT_FILENO, &own) == 0 else { return false }
    return (named.st_dev, named.st_ino) == (own.st_dev, own.st_ino)
  }

  private static func status(_ path: FilePath) -> stat? {
    var status = stat()
    return stat(path.string, &status) == 0 ? status : nil
  }

  /// Where links lead from a path, to something that need not exist.
  private static func destination(_ path: FilePath) throws(MirrorError) -> FilePath {
    var path = path
    for _ in 0..<40 {
      var link = clinux_status()
      guard clinux_status(AT_FDCWD, path.string, &link) == 0, link.mode & S_IFMT == S_IFLNK else {
        return path
      }
      // Whoever may write to the directory could lead root anywhere.
      guard link.uid == geteuid() || link.uid == 0 else {
        throw MirrorError(
          .refused, escaped(path.bytes), "is a link that belongs to user \(link.uid)",
          remedy: "name the file that it points at")
      }
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path.string, &target, target.count - 1)
      guard count > 0 else { throw .system(lastErrno(), "read the link", escaped(path.bytes)) }
      path = path.removingLastComponent().pushing(FilePath(platformString: target))
    }
    throw .system(.tooManySymbolicLinkLevels, "follow", escaped(path.bytes))
  }
}
