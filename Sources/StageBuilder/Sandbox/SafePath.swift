import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// Directories that nobody but us and root can put something else in the place of.
enum SafePath {
  /// Opens a directory by its path, made with mode 0700 and its parents if it is missing. Links are followed.
  ///
  /// - Throws: code `refused` when others may rename or remove what is in it, or in one above it.
  static func make(_ path: FilePath) throws(MirrorError) -> AnchoredDirectory {
    let (made, missing) = existing(path)
    try check(made)
    for directory in missing.reversed() where mkdir(directory.string, 0o700) != 0 && errno != EEXIST {
      throw .system(lastErrno(), "make", "\(directory)")
    }
    return try AnchoredDirectory(root: path)
  }

  /// The lowest directory on a path that is there, and those below it that are not, from the lowest.
  static func existing(_ path: FilePath) -> (FilePath, missing: [FilePath]) {
    var made = path
    var missing: [FilePath] = []
    while made != "/", access(made.string, F_OK) != 0, errno == ENOENT {
      missing.append(made)
      made.removeLastComponent()
    }
    return (made, missing)
  }

  /// Throws if a directory, or one above it, is not safe.
  static func check(_ path: FilePath) throws(MirrorError) {
    guard let real = realpath(path.string, nil) else { throw .system(lastErrno(), "look at", "\(path)") }
    defer { free(real) }
    var directory = FilePath(platformString: real)
    while true {
      var status = clinux_status()
      try checked(clinux_status(AT_FDCWD, directory.string, &status), "look at", "\(directory)")
      if let problem = problem(status) {
        throw MirrorError(
          .refused, "\(directory)", problem, remedy: "mend its owner and mode, or set path/work elsewhere")
      }
      if directory == "/" { return }
      directory.removeLastComponent()
    }
  }

  private static func problem(_ status: clinux_status) -> String? {
    let (own, group) = (geteuid(), getegid())
    let state = UserNamespace.State.current
    // In a user namespace, root outside is nobody's number.
    let isTrusted = status.uid == 0 || status.uid == own || state.isInside && status.uid == 65534
    if !isTrusted { return "belongs to user \(status.uid), who could change what lies in it" }
    if status.mode & S_ISVTX != 0 { return nil }
    if status.mode & 0o002 != 0 { return "may be written by everybody, and has no sticky bit" }
    let isForeignGroup = status.gid != 0 && status.gid != group
    return status.mode & 0o020 != 0 && isForeignGroup ? "may be written by group \(status.gid)" : nil
  }
}
