import LinuxSystem
import SystemPackage

/// Directories that keep package trees between builds, below `path/cache/git` and beside it.
///
/// They are brought up to date by removing what is gone at their source, so nothing but ours may be in them.
struct SnapshotCaches {
  /// Where git objects are kept.
  let git: FilePath
  /// Where a copy of an rsync tree is kept.
  let rsync: FilePath

  /// What the lock file beside a copy of a tree says.
  static let mark = "mirrorctl copy of a package tree"

  init(_ settings: BuildSettings) throws {
    let name = try settings.text("snapshot/source/name") ?? settings.required("target/build")
    guard !name.contains("/"), !name.hasPrefix(".") else {
      throw MirrorError(
        .invalid, "snapshot/source/name", "`\(name)` is not a directory's name", remedy: "write a plain name")
    }
    let cache = try settings.requiredPath("path/cache/git")
    git = cache.appending(name)
    rsync = cache.removingLastComponent().appending("rsync").appending(name)
  }

  /// Throws if the copy of an rsync tree is something else: it may be absent, empty, or marked.
  ///
  /// - Throws: code `refused`.
  func checkCopy() throws(MirrorError) {
    let lock = FilePath("\(rsync).lock")
    let text = try Self.text(of: lock)
    guard text.isEmpty || text == Self.mark + "\n" else {
      throw MirrorError(
        .refused, "\(lock)", "is not a file of ours", remedy: "move it away, or set path/cache/git elsewhere")
    }
    guard text.isEmpty, rsync.exists,
      try !AnchoredDirectory(root: rsync).entries().isEmpty
    else { return }
    throw MirrorError(
      .refused, "\(rsync)", "is not empty, and no run of this version made it",
      remedy: "if a build of mirrorctl 0.1 left it, remove it or write `\(Self.mark)` to \(lock)")
  }

  /// Throws if a git repository is not one that we keep objects in.
  ///
  /// - Throws: code `refused`.
  static func checkRepository(_ path: FilePath) throws(MirrorError) {
    guard path.exists else { return }
    // Ours are bare, made without a template, and let a commit be fetched by its name.
    let settings = try text(of: path.appending("config")).lowercased()
    guard settings.contains("allowanysha1inwant = true"),
      !path.appending("description").exists
    else {
      throw MirrorError(
        .refused, "\(path)", "is not a repository that mirrorctl made to keep objects in",
        remedy: "move it away, or set path/cache/git elsewhere")
    }
  }

  private static func text(of path: FilePath) throws(MirrorError) -> String {
    guard let name = path.lastComponent, path.exists else { return "" }
    let folder = try AnchoredDirectory(root: path.removingLastComponent())
    let text = try folder.contents(of: MirrorPath(bytes: FileName(name.string).bytes), limit: 1 << 20) ?? []
    return String(decoding: text, as: UTF8.self)
  }
}
