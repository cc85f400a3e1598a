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

  enum Kind: String, CaseIterable {
    case git
    case rsync
    case local
    case metaRepository = "meta-repo"
  }

  /// The prefix of names in the snapshot: `portage`.
  let prefix: String
  let kind: Kind
  let remote: String
  let branch: String
  /// The state of the tree that the version was taken from; nil for the newest.
  let revision: String?
  private let isLive: Bool
  let caches: SnapshotCaches
  private let work: FilePath
  let steps: StepRunner

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
    revision = try settings.text(BuildRequest.revisionElement)
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
    let day = VersionDate(version.utf8)?.seconds ?? 0
    switch kind {
    case .local:
      try checkState(of: FilePath(remote))
      return Tree(path: FilePath(remote), epoch: day, omitted: isLive ? [] : Self.foreign)
    case .rsync:
      try caches.checkCopy()
      try caches.makeCopy()
      try steps.run(rsync(to: tree, updating: !isCurrent(caches.rsync)), named: "rsync", log: log)
      try checkState(of: tree)
      return Tree(path: tree, epoch: day, omitted: [])
    case .git, .metaRepository:
      let repository = repository(cancellation)
      let commit = try commit(of: repository, log: log)
      log.note("\(remote) \(branch) is at \(commit.name)")
      try repository.place(commit, branch: branch, at: tree, isLive: isLive, log: log)
      if kind == .metaRepository {
        try repository.placeModules(of: commit, at: tree, isLive: isLive, log: log)
      }
      return Tree(path: tree, epoch: commit.time, omitted: [])
    }
  }

  /// The repository of a git source.
  func repository(_ cancellation: Cancellation) -> GitRepository {
    GitRepository(remote: remote, cache: caches.git, steps: steps, work: work, cancellation: cancellation)
  }

  /// Transfers only what changed; the captured copy belongs to this run.
  ///
  /// - Parameter tree: where to copy it; nil to transfer it only.
  func rsync(to tree: FilePath?, updating: Bool = true) -> String {
    let kept = caches.rsync.string
    let lock = shellWord(kept + ".lock")
    let excluded = Self.foreign.map { "--exclude=/\($0)/" }.joined(separator: " ")
    let update =
      "rsync -rlptD --delete --delete-excluded \(excluded) -- \(shellWord(remote + "/")) \(shellWord(kept + "/"))"
    return """
      #!/bin/sh
      set -eu
      exec 9>> \(lock)
      chmod 600 \(lock)
      flock 9
      [ -s \(lock) ] || echo \(shellWord(SnapshotCaches.mark)) >&9
      \(updating ? update : "")
      \(tree.map { Self.copying(kept, to: $0.string) } ?? "")

      """
  }

  private static func copying(_ kept: String, to tree: String) -> String {
    """
    cp -al \(shellWord(kept)) \(shellWord(tree)) 2> /dev/null || {
      rm -rf \(shellWord(tree))
      cp -a \(shellWord(kept)) \(shellWord(tree))
    }
    """
  }
}

/// A shell word, quoted.
func shellWord(_ text: String) -> String {
  String(decoding: ShellWord.quoted(Array(text.utf8)), as: UTF8.self)
}
