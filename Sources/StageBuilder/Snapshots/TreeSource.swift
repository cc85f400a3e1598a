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
  private let branch: String
  private let isLive: Bool
  private let verification: TreeVerification
  private let kits: GitRepository.KitSettings
  private let caches: SnapshotCaches
  private let work: FilePath
  private let steps: StepRunner
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
    let day = CalendarDate(version.utf8).map { Int64($0.ordinal) * 86400 } ?? 0
    switch kind {
    case .local:
      // What is verified must not change until it is captured.
      guard mustCopy || verification.isOn, FilePath(remote).exists else {
        return Tree(path: FilePath(remote), epoch: day, omitted: isLive ? [] : Self.foreign)
      }
      try steps.run(copy(to: tree), named: "copy \(remote)", log: log)
      try verification.check(tree: tree, remote, cancellation)
      return Tree(path: tree, epoch: day, omitted: [])
    case .rsync:
      try caches.checkCopy()
      try caches.makeCopy()
      try steps.run(rsync(to: tree), named: "rsync", log: log)
      try verification.check(tree: tree, remote, cancellation)
      return Tree(path: tree, epoch: day, omitted: [])
    case .git, .metaRepository:
      let repository = GitRepository(
        remote: remote, cache: caches.git, steps: steps, work: work, cancellation: cancellation)
      let commit = try repository.fetch(branch: branch, log: log)
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
      mkdir -p \(shellWord(tree.removingLastComponent().string))
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
