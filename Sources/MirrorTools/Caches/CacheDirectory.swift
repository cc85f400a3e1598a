import MirrorModel
import LinuxSystem
import SystemPackage

/// A directory whose files or directories may be deleted: a cache of builds, or the logs of a version.
struct CacheDirectory: Sendable {
  let kind: CacheKind
  let path: FilePath

  /// Names of files that another program is writing, or that are deleted in several steps.
  private static let deepest = 32

  /// Opens it by a path on which only this user and root can replace anything.
  private func open() throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(
      trusted: path, as: .any, remedy: "fix its owner and mode, or use another directory")
  }

  /// All files in it, with their sizes and times. Links and other file systems are not followed.
  func contents(_ cancellation: Cancellation) throws(MirrorError) -> CacheContents {
    var contents = CacheContents()
    let kept = kind.kept
    try walk(try open(), .root, cancellation) { path, status in
      contents.bytes &+= status.allocated
      guard !kept.contains(path.name.description) else { return }
      contents.entries.append(
        CacheEntry(
          path: path, bytes: status.allocated, used: status.identity.ctime / 1_000_000_000))
    }
    return contents
  }

  /// Calls a function for each file at and below a directory, without recursion.
  private func walk(
    _ top: borrowing AnchoredDirectory, _ start: MirrorPath, _ cancellation: Cancellation,
    _ body: (MirrorPath, FileStatus) -> Void
  ) throws(MirrorError) {
    var waiting = [start]
    while let next = waiting.popLast() {
      try cancellation.check()
      // A directory may vanish, or be a mount.
      guard
        let directory = try? next == .root
          ? top.duplicate() : top.directory(next, enteringMounts: false),
        let entries = try? directory.entries()
      else { continue }
      for entry in entries {
        let path = next == .root ? MirrorPath(bytes: entry.name.bytes) : next.appending(entry.name)
        if entry.kind == .directory {
          if path.components.count < Self.deepest { waiting.append(path) }
        } else if let status = try directory.status(of: entry.name) {
          body(path, status)
        }
      }
    }
  }

  /// Deletes files, and the directories that are empty afterwards.
  ///
  /// - Returns: the entries that were deleted, and the first problem.
  func remove(
    _ entries: [CacheEntry], _ cancellation: Cancellation
  ) throws(MirrorError) -> (removed: [CacheEntry], problem: MirrorError?) {
    let top = try open()
    var (removed, parents, problem): ([CacheEntry], Set<MirrorPath>, MirrorError?) = ([], [], nil)
    for entry in entries {
      if cancellation.isCancelled { break }
      do throws(MirrorError) {
        let parent = entry.path.parent
        let directory = try parent == .root ? top.duplicate() : top.directory(parent, enteringMounts: false)
        try directory.unlink(entry.path.name)
        removed.append(entry)
        parents.insert(parent)
      } catch { problem = problem ?? error }
    }
    // A parent comes after everything below it.
    let emptied = Set(parents.flatMap { [$0] + $0.ancestors }).filter { $0 != .root }
    for path in emptied.sorted(by: { ($1.components.count, $0) < ($0.components.count, $1) }) {
      guard let parent = try? path.parent == .root ? top.duplicate() : top.directory(path.parent) else {
        continue
      }
      try? parent.removeDirectory(path.name)
    }
    return (removed, problem)
  }

  /// The size of a directory at a path in it, on the disk.
  func size(at path: MirrorPath, _ cancellation: Cancellation) throws(MirrorError) -> Int64 {
    var bytes: Int64 = 0
    try walk(try open(), path, cancellation) { _, status in bytes &+= status.allocated }
    return bytes
  }

  /// The size of a directory in it, and when anything at its top was last changed.
  func size(of name: FileName, _ cancellation: Cancellation) throws(MirrorError) -> CacheEntry {
    let top = try open()
    let path = MirrorPath(bytes: name.bytes)
    var (bytes, used) = (Int64(0), try top.status(of: name)?.identity.ctime ?? 0)
    try walk(top, path, cancellation) { inner, status in
      bytes &+= status.allocated
      if inner.parent == path { used = max(used, status.identity.ctime) }
    }
    return CacheEntry(path: path, bytes: bytes, used: used / 1_000_000_000)
  }
}
