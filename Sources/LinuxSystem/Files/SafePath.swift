import Glibc
package import SystemPackage

/// Directories that nobody but this user and root can replace.
package enum SafePath {
  package static let remedy: Remedy = "fix its owner and mode, or set path/work to another directory"

  /// Opens a directory by its path, creating it and missing parents.
  ///
  /// - Throws: code `refused` when others may rename or remove entries in it or in a parent.
  @discardableResult
  package static func make(
    _ path: FilePath, mode: UInt32 = 0o700, as use: TrustedUse = .shared, _ remedy: Remedy = remedy
  ) throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(trusted: path, as: use, making: mode, remedy: remedy)
  }

  /// Opens an existing directory.
  package static func open(_ path: FilePath) throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(trusted: path, remedy: remedy)
  }

  /// Throws if a path is not safe, as far as it exists.
  package static func check(
    _ path: FilePath, as use: TrustedUse = .shared, _ remedy: Remedy = remedy
  ) throws(MirrorError) {
    do throws(MirrorError) { _ = try AnchoredDirectory(trusted: path, as: use, remedy: remedy) } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
    }
  }

  /// What to do about a directory of another setting.
  package static func remedy(_ key: String) -> Remedy {
    "fix its owner and mode, or set \(key) to another directory"
  }

  /// The deepest existing directory on a path, and the missing ones below it, the deepest first.
  package static func existing(_ path: FilePath) -> (FilePath, missing: [FilePath]) {
    var made = path
    var missing: [FilePath] = []
    while made != "/", access(made.string, F_OK) != 0, errno == ENOENT {
      missing.append(made)
      made.removeLastComponent()
    }
    return (made, missing)
  }
}
