import CLinux
import Glibc
import SystemPackage

/// Removes a directory with all that is in it, never through a link and never across a mount.
package struct TreeRemover {
  /// Levels that are gone down, each with an open descriptor; what lies deeper is moved up first.
  private static let depthLimit = 200

  private let cancellation: Cancellation

  /// Stops with `interrupted` where that is asked for.
  package init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// Removes `name` of `parent`.
  ///
  /// - Throws: at the first thing that cannot be removed; what was removed until then is gone.
  package func remove(_ name: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    do throws(MirrorError) {
      let top = try parent.directory(name, enteringMounts: false)
      // What is moved up here is found by the next round.
      while try !removeEntries(of: top, below: top, depth: 0) {}
    } catch {
      if error.code == .system(.notPermitted) { throw Self.explained(error) }
      guard error.code == .system(.improperLink) else { throw error }
      throw MirrorError(
        .refused, error.subject, "another file system is mounted here", remedy: "unmount it first")
    }
    try parent.removeDirectory(name)
  }

  /// Removes all entries, but moves directories that lie too deep up to `top`; tells whether there were none.
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

  /// Root may not remove what `chattr` protects; an ordinary user what is another's.
  private static func explained(_ error: MirrorError) -> MirrorError {
    guard geteuid() == 0 else { return error }
    return MirrorError(
      error.code, error.subject, error.problem,
      remedy: "see whether it, or its directory, is immutable (lsattr -d): chattr -ia takes that away")
  }
}
