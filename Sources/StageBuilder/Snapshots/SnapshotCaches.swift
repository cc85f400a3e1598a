import LinuxSystem
import MirrorTools
import SystemPackage

/// Directories that keep package trees between builds, below `path/cache/git` and beside it.
///
/// They are updated by deleting what is gone at the source, so they must contain nothing else.
struct SnapshotCaches {
  /// The directory for git objects.
  let git: FilePath
  /// The directory for a copy of an rsync tree.
  let rsync: FilePath

  /// The contents of the lock file beside a copy of a tree.
  static let mark = TreeCaches.mark
  /// `path/cache/git`.
  let place: FilePath

  /// - Parameter overlay: the name of an overlay; nil for the package tree.
  init(_ settings: BuildSettings, overlay: String? = nil) throws {
    let tree = try settings.text("snapshot/source/name") ?? settings.required("target/build")
    let name = overlay.map { "\(tree)-overlay-\($0)" } ?? tree
    guard !name.contains("/"), !name.hasPrefix(".") else {
      throw MirrorError(
        .invalid, "snapshot/source/name", "`\(name)` is not a directory name", remedy: "use a plain name")
    }
    let cache = try settings.requiredPath("path/cache/git")
    place = cache
    git = cache.appending(name)
    rsync = cache.removingLastComponent().appending("rsync").appending(name)
  }

  /// Creates the directory of a cache and its lock, which nobody else may change.
  static func makeParent(of cache: FilePath) throws(MirrorError) { try make(cache.removingLastComponent()) }

  /// Creates the directory for a copy of an rsync tree, if it is missing.
  func makeCopy() throws(MirrorError) {
    try Self.makeParent(of: rsync)
    try Self.make(rsync)
  }

  private static func make(_ path: FilePath) throws(MirrorError) {
    try SafePath.make(path, mode: 0o755, as: .own, SafePath.remedy("path/cache/git"))
  }

  /// Throws if the copy of an rsync tree is something else: it may be missing, empty, or marked.
  ///
  /// - Throws: code `refused`.
  func checkCopy() throws(MirrorError) {
    let lock = FilePath("\(rsync).lock")
    let text = try Self.text(of: lock)
    guard text.isEmpty || text == Self.mark + "\n" else {
      throw MirrorError(
        .refused, "\(lock)", "was not created by mirrorctl",
        remedy: "move it away, or set path/cache/git to another directory")
    }
    guard text.isEmpty, rsync.exists,
      try !AnchoredDirectory(root: rsync).entries().isEmpty
    else { return }
    throw MirrorError(
      .refused, "\(rsync)", "is not empty, and was not created by this version of mirrorctl",
      remedy: "if a build of mirrorctl 0.1 left it, remove it or write `\(Self.mark)` to \(lock)")
  }

  /// Throws if a git repository is not one of our object caches.
  ///
  /// - Throws: code `refused`.
  static func checkRepository(_ path: FilePath) throws(MirrorError) {
    guard path.exists else { return }
    // Ours are bare, created without a template, and allow fetching a commit by name.
    guard TreeCaches.isOurs(try text(of: path.appending("config"))),
      !path.appending("description").exists
    else {
      throw MirrorError(
        .refused, "\(path)", "is not an object cache of mirrorctl",
        remedy: "move it away, or set path/cache/git to another directory")
    }
  }

  /// Keeps other runs from deleting package trees until the result is released.
  func use(_ cancellation: Cancellation) throws(MirrorError) -> Shared<CacheLock> {
    try Self.make(place)
    return Shared(try CacheLock.use(place, cancellation))
  }

  static func text(of path: FilePath) throws(MirrorError) -> String {
    guard let name = path.lastComponent, path.exists else { return "" }
    let folder = try AnchoredDirectory(root: path.removingLastComponent())
    let text = try folder.contents(of: MirrorPath(bytes: FileName(name.string).bytes), limit: 1 << 20) ?? []
    return String(decoding: text, as: UTF8.self)
  }
}
