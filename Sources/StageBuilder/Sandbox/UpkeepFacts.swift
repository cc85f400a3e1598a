package import LinuxSystem
package import MirrorModel
package import MirrorTools
package import SystemPackage

/// The facts that decide whether a mirror can be kept on this machine.
package struct UpkeepFacts: Sendable {
  /// A destination of the mirror.
  package struct Destination: Sendable {
    let name: String
    let address: String
    /// Why nothing can be sent there; nil if it answers.
    let problem: MirrorError?
  }

  /// What the clock is compared with.
  package struct Clock: Sendable {
    /// Whether a time service keeps it right; nil if the kernel does not tell.
    var isSynchronized: Bool?
    /// The number of files that were changed in the future, and one of them.
    var laterFiles = 0
    var laterFile: String?

    package init() {}
  }

  /// Path of the mirror.
  let root: String
  /// The number of its subarches, or why it is not a mirror.
  var subarches: Result<Int, MirrorError>
  /// Whether its directory is empty: not mounted, or not a mirror yet.
  var isEmpty = false
  /// The run that holds its lock, or why this user cannot take it.
  var lock: Result<MirrorLock.Holder?, MirrorError> = .success(nil)
  /// The file of its catalog and whether it exists, or why it cannot be used.
  var catalog: Result<(path: FilePath, exists: Bool), MirrorError>?
  /// Free bytes where catalogs are kept; nil if unknown.
  var catalogSpace: Int64?
  /// Whether rsync is installed.
  var hasRsync = true
  var destinations: [Destination] = []
  var clock = Clock()
  /// Whether a key signs the mirror.
  var isSigned = false
  /// Seconds since the epoch.
  var now: Int64 = 0

  /// Files may be this many seconds younger than the clock: servers of files have clocks of their own.
  private static let tolerance: Int64 = 60
  /// A catalog may grow by this many bytes without notice.
  fileprivate static let leastSpace: Int64 = 100 << 20
  /// Seconds in which a destination must answer.
  private static let patience = 20

  init(root: String, subarches: Result<Int, MirrorError>) { (self.root, self.subarches) = (root, subarches) }

  /// Examines a mirror and its destinations.
  ///
  /// - Parameters:
  ///   - found: the mirror; nil if it could not be read.
  ///   - stateDirectory: that of the catalogs.
  ///   - now: seconds since the epoch.
  package static func gather(
    _ root: FilePath, _ found: Mirror?, _ configuration: MirrorConfiguration, stateDirectory: FilePath,
    now: Int64, _ cancellation: Cancellation
  ) throws(MirrorError) -> UpkeepFacts {
    var facts = UpkeepFacts(
      root: "\(root)",
      subarches: Result { () throws(MirrorError) in
        try MirrorMark.checkWhole(root, configuration.kinds)
        return found?.subarches.count ?? 0
      })
    facts.now = now
    facts.isEmpty = (try? AnchoredDirectory(root: root).entries().isEmpty) ?? false
    facts.isSigned = configuration.signing != nil
    if case .success = facts.subarches {
      facts.lock = Result { () throws(MirrorError) in try MirrorLock.holder(of: root) }
      facts.catalog = Result { () throws(MirrorError) in
        try Catalog.examine(for: root, in: stateDirectory)
      }
    }
    facts.catalogSpace = stateDirectory.freeBytes
    facts.hasRsync = Executable.find("rsync") != nil
    if facts.hasRsync {
      let problems = try DestinationCheck(configuration.publishing, within: patience, cancellation).problems()
      facts.destinations = zip(configuration.publishing, problems).map {
        Destination(name: $0.name, address: "\($0.address)", problem: $1)
      }
    } else {
      facts.destinations = configuration.publishing.map {
        Destination(name: $0.name, address: "\($0.address)", problem: nil)
      }
    }
    facts.clock.isSynchronized = SystemClock.isSynchronized
    for tarball in found?.folders.lazy.flatMap(\.tarballs) ?? [] as [Tarball]
    where tarball.status.identity.ctime / 1_000_000_000 > now + tolerance {
      facts.clock.laterFiles += 1
      facts.clock.laterFile = "\(root)/\(tarball.path)"
    }
    return facts
  }
}

extension Doctor {
  /// Seconds after which a run that still holds the lock is reported.
  private static let longest: Int64 = 86_400

  /// Judges what keeping the mirror needs.
  mutating func judge(_ facts: UpkeepFacts, _ action: (Remedy.Action) -> String) {
    switch facts.subarches {
    case .success(let count): add(.ok, "mirror", "\(facts.root): \(counted(count, "subarch", "subarches"))")
    case .failure(let error): add(facts.isEmpty ? .warning : .missing, error, action)
    }
    judgeLock(facts, action)
    switch facts.catalog {
    case .success((let path, true)): add(.ok, "catalog", "\(path)")
    case .success((let path, false)):
      add(.ok, "catalog", "\(path) does not exist yet; the next run creates it")
    // Runs go on without it.
    case .failure(let error): add(.warning, error, action)
    case nil: break
    }
    if let free = facts.catalogSpace, free < UpkeepFacts.leastSpace {
      add(.warning, "catalog", "only \(humanBytes(free)) free where it is kept", "free some space")
    }
    if !facts.isSigned { add(.skipped, "signing/key", "is not set, so nothing is signed") }
    judgeDestinations(facts, action)
    judge(facts.clock)
  }

  private mutating func add(_ level: Level, _ error: MirrorError, _ action: (Remedy.Action) -> String) {
    add(level, error.subject, error.problem, error.remedy?.text(action))
  }

  private mutating func judgeLock(_ facts: UpkeepFacts, _ action: (Remedy.Action) -> String) {
    switch facts.lock {
    case .success(let holder?) where facts.now - holder.since > Self.longest:
      let days = Int(clamping: (facts.now - holder.since) / 86_400)
      add(
        .warning, "lock", "\(holder.name) has held it for \(counted(days, "day", "days"))",
        "see whether that run still works, and end it if it hangs")
    case .success(let holder?): add(.ok, "lock", "held by \(holder.name)")
    case .success(nil): if case .success = facts.subarches { add(.ok, "lock", "free") }
    case .failure(let error): add(.missing, error, action)
    }
  }

  private mutating func judgeDestinations(_ facts: UpkeepFacts, _ action: (Remedy.Action) -> String) {
    guard !facts.destinations.isEmpty else {
      return add(.skipped, "publish", "no [section publish/NAME], so nothing is published")
    }
    guard facts.hasRsync else {
      return add(.missing, "rsync", "not found: needed to publish", "install it")
    }
    for destination in facts.destinations {
      if let problem = destination.problem {
        add(.missing, problem, action)
      } else {
        add(.ok, "publish \(destination.name)", "\(destination.address) can be reached")
      }
    }
  }

  private mutating func judge(_ clock: UpkeepFacts.Clock) {
    let remedy = "run a time service such as chrony or systemd-timesyncd"
    if let file = clock.laterFile {
      let others = clock.laterFiles > 1 ? " (and \(clock.laterFiles - 1) more)" : ""
      return add(
        .warning, "clock", "is wrong, or was: \(file)\(others) was changed in the future", remedy)
    }
    switch clock.isSynchronized {
    case true?: add(.ok, "clock", "is synchronized")
    case false?: add(.warning, "clock", "no time service keeps it right, says the kernel", remedy)
    case nil: add(.skipped, "clock", "the kernel does not tell whether it is synchronized")
    }
  }
}
