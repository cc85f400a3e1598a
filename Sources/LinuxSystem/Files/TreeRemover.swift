import CLinux
import Glibc
import SystemPackage

/// Removes a directory and its contents, without following links or crossing mounts.
package struct TreeRemover {
  /// The maximum depth of recursion, one open descriptor per level; deeper directories are moved up first.
  private static let depthLimit = 200

  private let cancellation: Cancellation

  /// Stops with `interrupted` on cancellation.
  package init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// Removes `name` of `parent`.
  ///
  /// - Throws: at the first entry that cannot be removed; earlier entries are already removed.
  package func remove(_ name: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    do throws(MirrorError) {
      let top = try parent.directory(name, enteringMounts: false)
      // Directories that were moved up are found in the next round.
      while try !removeEntries(of: top, below: top, depth: 0) {}
    } catch {
      if error.code == .system(.notPermitted) { throw Self.explained(error) }
      guard error.code == .system(.improperLink) else { throw error }
      throw MirrorError(
        .refused, error.subject, "another file system is mounted here", remedy: "unmount it first")
    }
    try parent.removeDirectory(name)
  }

  /// Removes all entries, but moves directories that are too deep up to `top`; returns whether there were
  /// none.
  private func removeEntries(
    of directory: borrowing AnchoredDirectory, below top: borrowing AnchoredDirectory, depth: Int
  ) throws(MirrorError) -> Bool {
    let entries = try directory.entries()
    for entry in entries {
      try cancellation.check()
      if entry.kind != .directory {
        try directory.unlink(entry.name)
      } else if depth < Self.depthLimit {
        let child = try directory.directory(entry.name, enteringMounts: false)
        _ = try removeEntries(of: child, below: top, depth: depth + 1)
        try directory.removeDirectory(entry.name)
      } else {
        try moveUp(entry.name, from: directory, to: top)
      }
    }
    return entries.isEmpty
  }

  private func moveUp(
    _ name: FileName, from directory: borrowing AnchoredDirectory, to top: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let result = name.withCString { old in
      TemporaryName.make().withCString { renameat(directory.descriptor.raw, old, top.descriptor.raw, $0) }
    }
    guard result == 0 else { throw .system(lastErrno(), "remove", directory.displayed(name)) }
  }

  /// Root may not remove what `chattr` protects, nor an ordinary user what belongs to others.
  private static func explained(_ error: MirrorError) -> MirrorError {
    guard geteuid() == 0 else { return error }
    return MirrorError(
      error.code, error.subject, error.problem,
      remedy: "check whether it or its directory is immutable (lsattr -d); chattr -ia makes it mutable")
  }
}
