import MirrorModel
import LinuxSystem
import Synchronization
import SystemPackage

/// The versions of builds that were given none, as `build/version` defines them.
final class TreeVersions: Sendable {
  private let context: BuildContext
  /// What was found in each package tree, by the settings that name it: a tree is fetched once.
  private let found = Mutex<[[String]: Result<TreeSource.State, any Error>]>([:])

  init(_ context: BuildContext) { self.context = context }

  /// The request with its version, and the settings that its targets share: its own version, or with
  /// `build/version: commit` that of the package tree.
  ///
  /// The tree is fetched for this, and the snapshot is then made of exactly this state.
  func settle(_ request: BuildRequest) throws -> (BuildRequest, BuildSettings) {
    let shared = try BuildSettings(request, target: nil, context.source)
    let settled = try settle(request, shared)
    guard settled.revision != request.revision else { return (request, shared) }
    return (settled, try BuildSettings(settled, target: nil, context.source))
  }

  private func settle(_ request: BuildRequest, _ shared: BuildSettings) throws -> BuildRequest {
    guard request.takesDefaultVersion else { return request }
    switch try shared.text("build/version") ?? "date" {
    case "date": return request
    case "commit":
      let state = try newest(of: request)
      guard state.version <= .horizon(at: context.now()) else {
        throw MirrorError(
          .invalid, "build/version",
          "\(state.name) of the package tree is dated in the future: \(state.version)",
          remedy: "check this machine's clock, or give a version")
      }
      return request.taking(state.version, of: state.name)
    case let other:
      throw MirrorError(
        .invalid, "build/version", "`\(other)` is neither date nor commit", remedy: "use date or commit")
    }
  }

  private func newest(of request: BuildRequest) throws -> TreeSource.State {
    let settings = try BuildSettings(request, target: "snapshot", context.source)
    let tree = try settings.texts(in: "snapshot").filter { $0.name != "version" }.flatMap {
      [$0.name, $0.text]
    }
    let place = try settings.text("path/cache/git") ?? ""
    return try found.withLock { found in
      let key = [request.build, place] + tree
      let state = found[key] ?? Result { try newest(settings) }
      found[key] = state
      return state
    }.get()
  }

  private func newest(_ settings: BuildSettings) throws -> TreeSource.State {
    guard try settings.script("steps/run") == nil else {
      throw MirrorError(
        .invalid, "build/version", "cannot be commit: the snapshot is made by steps/run of the specification",
        remedy: "use date, or give a version")
    }
    try settings.checkPlaces(mirror: context.root)
    let scripts = try settings.temporary.appending("run").appending("\(OwnProgram.pid)")
    var work = try WorkDirectory(scripts, cancellation: context.cancellation)
    let steps = try StepRunner(settings, context, root: work.path, scripts: work.path, confinement: .idmapped)
    let log = try BuildLog.inMemory(tell: context.tell)
    do {
      let source = try TreeSource(isLive: false, settings, steps, work.path, context.cancellation)
      let state = try source.newest(log: log)
      try work.remove()
      return state
    } catch let error as MirrorError where error.code == .invalid {
      // Nobody sees this log later.
      let lines = LogExcerpt(log).firstError
      throw lines.isEmpty
        ? error
        : MirrorError(
          .invalid, error.subject, "\(error.problem): \(lines.joined(separator: " | "))",
          remedy: "check [section snapshot/source], or give a version")
    }
  }
}

extension TreeSource {
  /// A state of the package tree, and when it was made.
  struct State {
    /// The name of the commit; for a tree without commits, the text of its version.
    let name: String
    let version: VersionDate
  }

  /// Updates the cached tree, and returns its newest state.
  func newest(log: borrowing BuildLog) throws -> State {
    switch kind {
    case .git, .metaRepository:
      let commit = try repository.fetch(branch: branch, log: log)
      return State(name: commit.name, version: VersionDate(momentAt: commit.time))
    case .rsync:
      try caches.checkCopy()
      try caches.makeCopy()
      try steps.run(rsync(to: nil), named: "rsync", log: log)
      return try state(of: caches.rsync)
    case .local:
      return try state(of: FilePath(remote))
    }
  }

  /// The commit for the snapshot: the one that its version was taken from, or else the newest.
  func commit(of repository: GitRepository, log: borrowing BuildLog) throws -> GitRepository.Commit {
    guard let revision else { return try repository.fetch(branch: branch, log: log) }
    return try repository.commit(revision)
  }

  /// Whether a tree without commits is in the state that the version was taken from.
  func isCurrent(_ tree: FilePath) throws -> Bool {
    guard let revision else { return false }
    return try state(of: tree).name == revision
  }

  /// Throws if a tree without commits changed since the version was taken from it.
  func checkState(of tree: FilePath) throws {
    guard try revision == nil || isCurrent(tree) else {
      throw MirrorError(
        .changed, remote, "changed while the snapshot was made", remedy: "start the build again")
    }
  }

  private func state(of tree: FilePath) throws(MirrorError) -> State {
    guard let version = try TreeTimestamp.read(tree) else {
      throw MirrorError(
        .invalid, remote,
        "does not say when it was made: it has no metadata/timestamp.chk, and no TIMESTAMP in its Manifest",
        remedy: "set build/version to date, use a git source, or give a version")
    }
    return State(name: "\(version)", version: version)
  }
}

/// The time at which the server of an rsync tree generated it, as two of its files contain it.
enum TreeTimestamp {
  /// nil if neither file has a time.
  static func read(_ tree: FilePath) throws(MirrorError) -> VersionDate? {
    if let version = mail(try SnapshotCaches.text(of: tree.appending("metadata/timestamp.chk"))) {
      return version
    }
    return manifest(try SnapshotCaches.text(of: tree.appending("Manifest")))
  }

  /// Parses `Sun, 28 Jun 2026 17:03:02 +0000`.
  static func mail(_ text: String) -> VersionDate? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard words.count == 6, ["+0000", "UTC", "GMT"].contains(words[5]),
      let month = months.firstIndex(of: words[2]), let day = Int(words[1])
    else { return nil }
    let (first, second) = (CalendarDate.padded(month + 1, 2), CalendarDate.padded(day, 2))
    return VersionDate("\(words[3])\(first)\(second)T\(words[4].filter { $0 != ":" })Z".utf8)
  }

  /// Finds `TIMESTAMP 2026-06-28T17:03:02Z` in a Manifest.
  static func manifest(_ text: String) -> VersionDate? {
    text.split(whereSeparator: \.isNewline).lazy.compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 2, words[0] == "TIMESTAMP" else { return nil }
      return VersionDate(words[1].filter { $0 != "-" && $0 != ":" }.utf8)
    }.first
  }
}
