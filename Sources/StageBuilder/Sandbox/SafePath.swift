import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// Directories that nobody but this user and root can replace.
enum SafePath {
  /// Opens a directory by its path, creating it and missing parents with mode 0700. Links are followed.
  ///
  /// - Throws: code `refused` when others may rename or remove entries in it or in a parent.
  static func make(_ path: FilePath) throws(MirrorError) -> AnchoredDirectory {
    let (made, missing) = existing(path)
    try check(made)
    for directory in missing.reversed() where mkdir(directory.string, 0o700) != 0 && errno != EEXIST {
      throw .system(lastErrno(), "create", "\(directory)")
    }
    return try AnchoredDirectory(root: path)
  }

  /// The deepest existing directory on a path, and the missing ones below it, the topmost first.
  static func existing(_ path: FilePath) -> (FilePath, missing: [FilePath]) {
    var made = path
    var missing: [FilePath] = []
    while made != "/", access(made.string, F_OK) != 0, errno == ENOENT {
      missing.append(made)
      made.removeLastComponent()
    }
    return (made, missing)
  }

  /// Throws if a directory or one of its parents is not safe.
  static func check(_ path: FilePath) throws(MirrorError) {
    guard let real = realpath(path.string, nil) else { throw .system(lastErrno(), "examine", "\(path)") }
    defer { free(real) }
    var directory = FilePath(platformString: real)
    while true {
      var status = clinux_status()
      try checked(clinux_status(AT_FDCWD, directory.string, &status), "examine", "\(directory)")
      if let problem = problem(status) {
        throw MirrorError(
          .refused, "\(directory)", problem,
          remedy: "fix its owner and mode, or set path/work to another directory")
      }
      if directory == "/" { return }
      directory.removeLastComponent()
    }
  }

  private static func problem(_ status: clinux_status) -> String? {
    let (own, group) = (geteuid(), getegid())
    let state = UserNamespace.State.current
    // In a user namespace, root outside it has no number of its own.
    let isTrusted = status.uid == 0 || status.uid == own || state.isInside && status.uid == 65534
    if !isTrusted { return "belongs to user \(status.uid), who could change its contents" }
    if status.mode & S_ISVTX != 0 { return nil }
    if status.mode & 0o002 != 0 { return "is world-writable without the sticky bit" }
    let isForeignGroup = status.gid != 0 && status.gid != group
    return status.mode & 0o020 != 0 && isForeignGroup ? "is writable by group \(status.gid)" : nil
  }
}
