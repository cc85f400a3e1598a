import CLinux
import Glibc
package import SystemPackage

/// Access to a file that the calling user may have; `access(2)`.
package struct FileAccess: OptionSet, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let read = FileAccess(rawValue: R_OK)
  package static let write = FileAccess(rawValue: W_OK)
  package static let search = FileAccess(rawValue: X_OK)
}

extension FilePath {
  /// Whether it exists, following links.
  package var exists: Bool { withPlatformString { access($0, F_OK) } == 0 }

  /// Throws unless the calling user has the access.
  package func check(_ wanted: FileAccess) throws(Errno) {
    if withPlatformString({ access($0, wanted.rawValue) }) != 0 { throw lastErrno() }
  }

  /// The status of the file, following links.
  package func status() throws(Errno) -> FileStatus {
    // statx(2) on a descriptor opened with O_PATH follows links and needs no read permission.
    try Descriptor(opening: self, CLINUX_O_PATH).status()
  }

  /// The status of the file, without following links.
  package func linkStatus() throws(Errno) -> FileStatus {
    try Descriptor(opening: self, CLINUX_O_PATH | O_NOFOLLOW).status()
  }

  /// The target of a symbolic link, as written.
  package func linkText() throws(Errno) -> FilePath {
    let target = try Descriptor(opening: self, CLINUX_O_PATH | O_NOFOLLOW).linkText()
    return FileName(bytes: target).withCString { FilePath(platformString: $0) }
  }

  /// The path's bytes, without a terminating NUL.
  package var bytes: [UInt8] {
    withPlatformString { Array(UnsafeBufferPointer(start: $0, count: length)).map(UInt8.init(bitPattern:)) }
  }

  /// The path with links resolved; nil if it does not exist.
  var resolved: FilePath? {
    withPlatformString { path in
      guard let resolved = realpath(path, nil) else { return nil }
      defer { free(resolved) }
      return FilePath(platformString: resolved)
    }
  }

  /// The path with links resolved, or the path itself if that fails.
  package var canonical: FilePath { resolved ?? self }

  /// The path without components `.` and `..`.
  ///
  /// A path has single separators and none at its end already, so that there is rarely anything to do.
  package var normalized: FilePath {
    let mayHaveDots = withPlatformString {
      $0[0] == CChar(bitPattern: UInt8(ascii: ".")) || strstr($0, "/.") != nil
    }
    return mayHaveDots ? lexicallyNormalized() : self
  }

  /// The current directory; nil if it cannot be determined.
  package static var current: FilePath? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return FilePath(platformString: path)
  }

  /// The files that a pattern with `*`, `?` or `[` matches, in the order of `glob(3)`.
  package static func matches(of pattern: FilePath) -> [FilePath] {
    var found = glob_t()
    defer { globfree(&found) }
    guard pattern.withPlatformString({ glob($0, 0, nil, &found) }) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { FilePath(platformString: $0) }
    }
  }

  /// Renames a file within its directory, replacing an existing one.
  package func rename(to other: FilePath) throws(Errno) {
    try retrying {
      withPlatformString { old in other.withPlatformString { Int(Glibc.rename(old, $0)) } }
    }
  }
}

extension Descriptor {
  /// Opens a file for reading; never blocks, as opening a pipe would.
  package init(reading path: FilePath) throws(Errno) {
    try self.init(opening: path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
  }

  /// Opens a file for writing; a pipe blocks until it has a reader.
  package init(writing path: FilePath) throws(Errno) { try self.init(opening: path, O_WRONLY | O_NOCTTY) }

  fileprivate init(opening path: FilePath, _ flags: Int32) throws(Errno) {
    let raw = try retrying { path.withPlatformString { Int(open($0, flags | O_CLOEXEC)) } }
    self.init(owning: Int32(truncatingIfNeeded: raw))
  }
}
