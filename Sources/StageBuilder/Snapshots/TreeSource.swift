import LinuxSystem
import MirrorModel
import SystemPackage

/// Where a package tree or an overlay comes from: `[section snapshot/source]` or `[section snapshot/overlay/NAME]`.
struct TreeSource {
  /// A tree that is ready to be captured.
  struct Tree {
    let path: FilePath
    /// The latest time of any file in the snapshot, in seconds.
    var epoch: Int64
    /// Paths relative to the tree that do not belong to it.
    let omitted: [String]
  }

  enum Kind: String, CaseIterable {
    case git
    case rsync
    case local
    case metaRepository = "meta-repo"
  }

  let kind: Kind
  let remote: String
  let branch: String
  /// The state of the tree that the version was taken from; nil for the newest.
  let revision: String?
  private let isLive: Bool
  private let verification: TreeVerification
  private let kits: GitRepository.KitSettings
  let caches: SnapshotCaches
  private let work: FilePath
  let steps: StepRunner
  private let cancellation: Cancellation

  /// Directories in a package tree that belong to the machine.
  private static let foreign = ["packages", "distfiles", "local", "CVS", ".git", ".svn"]

  /// - Parameter overlay: its name; nil for the package tree.
  init(
    overlay: String? = nil, isLive: Bool, _ settings: BuildSettings, _ steps: StepRunner, _ work: FilePath,
    _ cancellation: Cancellation
  ) throws {
    let section = overlay.map { "snapshot/overlay/\($0)" } ?? "snapshot/source"
    let text = try settings.required("\(section)/type")
    let kinds = Kind.allCases.filter { overlay == nil || $0 != .metaRepository }
    guard let kind = Kind(rawValue: text), kinds.contains(kind) else {
      throw MirrorError(
        .invalid, "\(section)/type", "`\(text)` is not a snapshot source",
        remedy: "use \(kinds.map(\.rawValue).joined(separator: ", "))")
    }
    self.kind = kind
    remote = try settings.required("\(section)/remote")
    guard kind != .local || remote.hasPrefix("/") else {
      throw MirrorError(
        .invalid, "\(section)/remote", "`\(remote)` is not an absolute path",
        remedy: "use a path that begins with /")
    }
    branch = try settings.text("\(section)/branch") ?? "master"
    revision = try overlay == nil ? settings.text(BuildRequest.revisionElement) : nil
    self.isLive = isLive
    verification = try TreeVerification(
      overlay == nil ? "snapshot/verify" : "\(section)/verify", settings, cancellation)
    kits = try GitRepository.KitSettings(settings)
    caches = try SnapshotCaches(settings, overlay: overlay)
    self.work = work
    self.steps = steps
    self.cancellation = cancellation
  }

  /// Fetches the tree, and verifies it.
  ///
  /// - Parameters:
  ///   - directory: a path that does not exist.
  ///   - mustCopy: whether the tree must be there, so that it can be changed, rather than in its own place.
  /// - Throws: also if it is not a package tree.
  func fetch(
    to directory: FilePath, mustCopy: Bool, version: String, log: borrowing BuildLog
  ) throws -> Tree {
    let tree = try fetchFiles(to: directory, mustCopy: mustCopy, version: version, log: log)
    let isGit = kind == .git || kind == .metaRepository
    try PackageTree(tree.path).check(source: isGit ? "\(remote) \(branch)" : remote)
    return tree
  }

  private func fetchFiles(
    to tree: FilePath, mustCopy: Bool, version: String, log: borrowing BuildLog
  ) throws -> Tree {
    let day = VersionDate(version.utf8)?.seconds ?? 0
    switch kind {
    case .local:
      try checkState(of: FilePath(remote))
      // What is verified must not change until it is captured.
      guard mustCopy || verification.isOn, FilePath(remote).exists else {
        return Tree(path: FilePath(remote), epoch: day, omitted: isLive ? [] : Self.foreign)
      }
      try steps.run(copy(to: tree), named: "copy \(remote)", log: log)
      try checkState(of: tree)
      try verification.check(tree: tree, remote, cancellation)
      return Tree(path: tree, epoch: day, omitted: [])
    case .rsync:
      let lock = try caches.use(cancellation)
      defer { withExtendedLifetime(lock) {} }
      try caches.checkCopy()
      try caches.makeCopy()
      try steps.run(rsync(to: tree, updating: !isCurrent(caches.rsync)), named: "rsync", log: log)
      try checkState(of: tree)
      try verification.check(tree: tree, remote, cancellation)
      return Tree(path: tree, epoch: day, omitted: [])
    case .git, .metaRepository:
      let lock = try caches.use(cancellation)
      defer { withExtendedLifetime(lock) {} }
      let commit = try commit(of: repository, log: log)
      log.note("\(remote) \(branch) is at \(commit.name)")
      try verification.check(
        commit: try repository.object(of: commit), "\(remote) \(branch): commit \(commit.name)")
      try repository.place(commit, branch: branch, at: tree, isLive: isLive, log: log)
      var newest = commit.time
      if kind == .metaRepository {
        let parts = try repository.placeParts(of: commit, at: tree, isLive: isLive, kits, log: log)
        newest = max(newest, parts ?? newest)
      }
      return Tree(path: tree, epoch: newest, omitted: [])
    }
  }

  private func copy(to tree: FilePath) -> String {
    let omitted = isLive ? "" : "\(Self.foreign.joined(separator: "|"))) continue ;;"
    return """
      #!/bin/sh
      set -eu
      tree=\(shellWord(tree.string))
      mkdir -p "$tree"
      for entry in \(shellWord(remote))/* \(shellWord(remote))/.[!.]*; do
        [ -e "$entry" ] || [ -L "$entry" ] || continue
        case ${entry##*/} in
          \(omitted)
        esac
        cp -a --reflink=auto -- "$entry" "$tree/"
      done

      """
  }

  /// The repository of a git source.
  var repository: GitRepository {
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
      touch \(lock)
      [ -s \(lock) ] || echo \(shellWord(SnapshotCaches.mark)) >&9
      \(updating ? update : "")
      \(tree.map { Self.copying(kept, to: $0) } ?? "")

      """
  }

  private static func copying(_ kept: String, to tree: FilePath) -> String {
    let path = shellWord(tree.string)
    return """
      mkdir -p \(shellWord(tree.removingLastComponent().string))
      cp -al \(shellWord(kept)) \(path) 2> /dev/null || {
        rm -rf \(path)
        cp -a \(shellWord(kept)) \(path)
      }
      """
  }
}

/// A shell word, quoted.
func shellWord(_ text: String) -> String {
  String(decoding: ShellWord.quoted(Array(text.utf8)), as: UTF8.self)
}
