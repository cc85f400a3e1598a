import MirrorModel
import LinuxSystem
import SystemPackage

/// Object caches of git, and copies of rsync trees, each with a lock beside it that its updates hold.
package enum TreeCaches {
  /// The contents of the lock file beside a copy of a tree.
  package static let mark = "mirrorctl copy of a package tree"

  /// Whether a directory is one of our object caches, by its name in an open directory.
  ///
  /// Ours are bare, created without a template, and allow fetching a commit by name.
  static func isRepository(_ name: FileName, in parent: borrowing AnchoredDirectory) -> Bool {
    guard let directory = try? parent.directory(name, enteringMounts: false),
      let text = try? directory.contents(of: "config", limit: 1 << 20),
      (try? directory.status(of: "description")) == .some(.none)
    else { return false }
    return isOurs(String(decoding: text, as: UTF8.self))
  }

  /// Whether the configuration of a repository is that of an object cache.
  package static func isOurs(_ configuration: String) -> Bool {
    configuration.lowercased().contains("allowanysha1inwant = true")
  }

  /// The caches below `path/cache/git` and in `rsync` beside it: each directory, with the names in it that
  /// may be deleted.
  static func all(
    git: FilePath
  ) throws(MirrorError) -> [(directory: CacheDirectory, names: [FileName])] {
    var all: [(CacheDirectory, [FileName])] = []
    guard git.exists else { return try copies(git) }
    let top = try open(git)
    var own: [FileName] = []
    for entry in try top.entries() where entry.kind == .directory {
      if isRepository(entry.name, in: top) {
        own.append(entry.name)
      } else if entry.name.hasSuffix("-kits") || entry.name.hasSuffix("-modules"), let name = entry.name.text
      {
        let inner = try open(git.appending(name))
        let parts = try inner.entries().map(\.name).filter { isRepository($0, in: inner) }
        all.append((CacheDirectory(kind: .git, path: git.appending(name)), parts.sorted()))
      }
    }
    all.append((CacheDirectory(kind: .git, path: git), own.sorted()))
    return all + (try copies(git))
  }

  private static func copies(_ git: FilePath) throws(MirrorError) -> [(CacheDirectory, [FileName])] {
    let path = git.removingLastComponent().appending("rsync")
    guard path.exists else { return [] }
    let directory = try open(path)
    let names = try directory.entries().filter { $0.kind == .directory }.map(\.name).filter { name in
      guard let text = name.text else { return false }
      return (try? CacheLock.mark(of: path.appending(text))) == mark
    }
    return [(CacheDirectory(kind: .git, path: path), names.sorted())]
  }

  private static func open(_ path: FilePath) throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(
      trusted: path, as: .own, remedy: "fix its owner and mode, or set path/cache/git to another directory")
  }

  /// Deletes one of them at once, by a rename to a temporary name; nil if an update of it is running.
  static func remove(
    _ name: FileName, in directory: FilePath, _ cancellation: Cancellation
  ) throws(MirrorError) -> Bool {
    guard let text = name.text, let lock = try CacheLock.alone(directory.appending(text)) else {
      return false
    }
    let parent = try open(directory)
    let temporary = TemporaryName.make()
    try parent.rename(name, to: temporary)
    try TreeRemover(cancellation: cancellation).remove(temporary, in: parent)
    _ = consume lock
    return true
  }

  /// Deletes what killed runs left of such deletions.
  static func sweep(_ directory: FilePath, _ cancellation: Cancellation) throws(MirrorError) {
    let parent = try open(directory)
    for entry in try parent.entries() where entry.kind == .directory && TemporaryName.matches(entry.name) {
      try TreeRemover(cancellation: cancellation).remove(entry.name, in: parent)
    }
  }
}
