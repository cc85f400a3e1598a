import MirrorModel
import LinuxSystem
import SystemPackage

/// The source of a package tree: `[section snapshot/source]`.
struct SnapshotSource {
  /// A tree that is ready to be captured.
  struct Tree {
    let path: FilePath
    /// The latest time of any file in the snapshot, in seconds.
    let epoch: Int64
    /// Paths relative to the tree that do not belong to it.
    let omitted: [String]
  }

  private enum Kind: String, CaseIterable {
    case git
    case rsync
    case local
    case metaRepository = "meta-repo"
  }

  /// The prefix of names in the snapshot: `portage`.
  let prefix: String
  private let kind: Kind
  private let remote: String
  private let branch: String
  private let isLive: Bool
  private let caches: SnapshotCaches
  private let work: FilePath
  private let steps: StepRunner

  /// Directories in a package tree that belong to the machine.
  private static let foreign = ["packages", "distfiles", "local", "CVS", ".git", ".svn"]

  init(_ settings: BuildSettings, _ steps: StepRunner, _ work: FilePath) throws {
    let text = try settings.required("snapshot/source/type")
    guard let kind = Kind(rawValue: text) else {
      throw MirrorError(
        .invalid, "snapshot/source/type", "`\(text)` is not a snapshot source",
        remedy: "use \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.kind = kind
    remote = try settings.required("snapshot/source/remote")
    guard kind != .local || remote.hasPrefix("/") else {
      throw MirrorError(
        .invalid, "snapshot/source/remote", "`\(remote)` is not an absolute path",
        remedy: "use a path that begins with /")
    }
    branch = try settings.text("snapshot/source/branch") ?? "master"
    switch try settings.text("snapshot/type") ?? "dead" {
    case "live": isLive = true
    case "dead": isLive = false
    case let other:
      throw MirrorError(
        .invalid, "snapshot/type", "`\(other)` is neither live nor dead", remedy: "use live or dead")
    }
    prefix = try settings.text("snapshot/prefix") ?? (kind == .metaRepository ? "meta-repo" : "portage")
    caches = try SnapshotCaches(settings)
    self.work = work
    self.steps = steps
    guard !prefix.contains("/"), !prefix.hasPrefix(".") else {
      throw MirrorError(
        .invalid, "snapshot/prefix", "`\(prefix)` is not a directory name", remedy: "use a plain name")
    }
  }

  /// Fetches the tree.
  ///
  /// - Throws: also if it is not a package tree.
  func fetch(
    version: String, cancellation: Cancellation, log: borrowing BuildLog
  ) throws -> Tree {
    let tree = try fetchFiles(version: version, cancellation: cancellation, log: log)
    let isGit = kind == .git || kind == .metaRepository
    try PackageTree(tree.path).check(source: isGit ? "\(remote) \(branch)" : remote)
    return tree
  }

  private func fetchFiles(
    version: String, cancellation: Cancellation, log: borrowing BuildLog
  ) throws -> Tree {
    let tree = work.appending(prefix)
    let day = CalendarDate(version.utf8).map { Int64($0.ordinal) * 86400 } ?? 0
    switch kind {
    case .local:
      return Tree(path: FilePath(remote), epoch: day, omitted: isLive ? [] : Self.foreign)
    case .rsync:
      try caches.checkCopy()
      try caches.makeCopy()
      try steps.run(rsync(to: tree), named: "rsync", log: log)
      return Tree(path: tree, epoch: day, omitted: [])
    case .git, .metaRepository:
      let repository = GitRepository(
        remote: remote, cache: caches.git, steps: steps, work: work, cancellation: cancellation)
      let commit = try repository.fetch(branch: branch, log: log)
      log.note("\(remote) \(branch) is at \(commit.name)")
      try repository.place(commit, branch: branch, at: tree, isLive: isLive, log: log)
      if kind == .metaRepository {
        try repository.placeModules(of: commit, at: tree, isLive: isLive, log: log)
      }
      return Tree(path: tree, epoch: commit.time, omitted: [])
    }
  }

  /// Transfers only what changed; the captured copy belongs to this run.
  private func rsync(to tree: FilePath) -> String {
    let kept = caches.rsync.string
    let lock = shellWord(kept + ".lock")
    let excluded = Self.foreign.map { "--exclude=/\($0)/" }.joined(separator: " ")
    return """
      #!/bin/sh
      set -eu
      exec 9>> \(lock)
      chmod 600 \(lock)
      flock 9
      [ -s \(lock) ] || echo \(shellWord(SnapshotCaches.mark)) >&9
      rsync -rlptD --delete --delete-excluded \(excluded) -- \(shellWord(remote + "/")) \(shellWord(kept + "/"))
      cp -al \(shellWord(kept)) \(shellWord(tree.string)) 2> /dev/null || {
        rm -rf \(shellWord(tree.string))
        cp -a \(shellWord(kept)) \(shellWord(tree.string))
      }

      """
  }
}

/// A shell word, quoted.
func shellWord(_ text: String) -> String {
  String(decoding: ShellWord.quoted(Array(text.utf8)), as: UTF8.self)
}
