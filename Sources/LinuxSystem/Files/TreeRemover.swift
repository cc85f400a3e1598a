import CLinux
import Glibc
import SystemPackage

/// Removes a directory and its contents, without following links or crossing mounts.
package struct TreeRemover {
  /// The maximum number of levels that are open at once; deeper directories are moved up first.
  private static let depthLimit = 200

  /// A directory that is being emptied, and the entries that it still has.
  private struct Level {
    let name: FileName
    let directory: Shared<AnchoredDirectory>
    var entries: [AnchoredDirectory.Entry]

    init(_ name: FileName, _ directory: consuming AnchoredDirectory) throws(MirrorError) {
      self.name = name
      entries = try directory.entries()
      self.directory = Shared(directory)
    }
  }

  private let cancellation: Cancellation

  /// Stops with `interrupted` on cancellation.
  package init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// Removes `name` of `parent`.
  ///
  /// - Throws: at the first entry that cannot be removed; earlier entries are already removed.
  package func remove(_ name: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    do throws(MirrorError) {
      // Directories that were moved up are found in the next round.
      while try empty(Level(name, try parent.directory(name, enteringMounts: false))) {}
    } catch {
      if error.code == .system(.notPermitted) { throw Self.explained(error) }
      guard error.code == .system(.improperLink) else { throw error }
      throw MirrorError(
        .refused, error.subject, "another file system is mounted here", remedy: "unmount it first")
    }
    try parent.removeDirectory(name)
  }

  /// Removes all entries, but moves directories that are too deep up to `top`.
  ///
  /// - Returns: whether directories were moved.
  private func empty(_ top: Level) throws(MirrorError) -> Bool {
    var levels = [top]
    var isMoved = false
    while let level = levels.last {
      try cancellation.check()
      guard let entry = levels[levels.count - 1].entries.popLast() else {
        levels.removeLast()
        if let parent = levels.last { try parent.directory.value.removeDirectory(level.name) }
        continue
      }
      let directory = level.directory
      if entry.kind != .directory {
        try directory.value.unlink(entry.name)
      } else if levels.count <= Self.depthLimit {
        levels.append(
          try Level(entry.name, try directory.value.directory(entry.name, enteringMounts: false)))
      } else {
        try moveUp(entry.name, from: directory.value, to: top.directory.value)
        isMoved = true
      }
    }
    return isMoved
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
