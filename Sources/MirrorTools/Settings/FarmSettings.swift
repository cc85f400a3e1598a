package import FlexData
package import MirrorModel

/// `[section farm]`: where builds run.
package struct FarmSettings: Sendable {
  /// What runs the builds.
  package enum Engine: String, CaseIterable, Sendable {
    /// This machine.
    case local
    /// The nodes of a Slurm cluster.
    case slurm
  }

  package var engine = Engine.local
  /// What runs mirrorctl on a node.
  package var command = ["mirrorctl"]
  /// The partition of all jobs; nil for that of the cluster.
  package var partition: String?
  /// The partitions of jobs for an architecture.
  package var partitions: [Architecture: String] = [:]
  /// The features that a node needs for an architecture, as `sbatch --constraint` takes them.
  package var constraints: [Architecture: String] = [:]
  /// Seconds that a job may run; nil for the limit of the partition.
  package var time: Int?
  /// Bytes of memory of a job; nil for the default of the cluster.
  package var memory: Int64?
  /// CPUs of a job.
  package var processors = 1
  package var account: String?
  package var quality: String?
  /// More options of `sbatch`.
  package var options: [String] = []
  /// The maximum number of jobs of a campaign that wait or run at the same time.
  package var slice = 500
  /// How often a target is tried again.
  package var retries = FarmRetries()
  /// Whether nodes have mirrors of their own, and fetch from the master what they need.
  package var hasOwnMirrors = false
  /// Where nodes keep the logs of jobs.
  package var logs = "/var/log/mirrorctl/farm"

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "farm", of: elements,
      settings: [
        "engine", "command", "partition", "partition/", "constraint/", "time", "memory", "cpus", "account",
        "qos", "master/", "options", "slice", "retry/lost", "retry/preempted", "retry/time", "retry/memory",
        "retry/transfer", "retry/wait", "logs",
      ])
  }

  /// Defaults.
  package init() {}

  /// Reads the settings.
  package init(_ elements: Elements) throws {
    let section = Self.section(elements)
    try section.check()
    engine = try section.choice("engine") ?? engine
    command = try section.words("command") ?? command
    partition = try section.word("partition")
    partitions = try section.architectures("partition/")
    constraints = try section.architectures("constraint/")
    time = try section.seconds("time")
    memory = try section.bytes("memory")
    processors = try section.number("cpus", from: 1, to: 65_533) ?? processors
    account = try section.word("account")
    quality = try section.word("qos")
    options = try section.words("options") ?? options
    if let taken = options.first(where: Self.isTaken) {
      throw section.invalid("options", "`\(taken)` is set by mirrorctl", "remove it")
    }
    slice = try section.number("slice", from: 1) ?? slice
    retries = FarmRetries(
      lost: try section.number("retry/lost", from: 0, to: 100) ?? retries.lost,
      preempted: try section.number("retry/preempted", from: 0, to: 1000) ?? retries.preempted,
      time: try section.number("retry/time", from: 0, to: FarmRetries.mostDoublings) ?? retries.time,
      memory: try section.number("retry/memory", from: 0, to: FarmRetries.mostDoublings) ?? retries.memory,
      transfer: try section.number("retry/transfer", from: 0, to: 100) ?? retries.transfer,
      wait: try section.seconds("retry/wait") ?? retries.wait)
    hasOwnMirrors = try section.text("master/to") != nil
    logs = try section.absolutePath("logs") ?? logs
  }

  /// Whether an option of `sbatch` would break how jobs are found again, or how they end.
  private static func isTaken(_ option: String) -> Bool {
    let name = option.prefix { $0 != "=" }
    let long = [
      "--array", "--clusters", "--comment", "--dependency", "--export", "--job-name", "--kill-on-invalid-dep",
      "--no-requeue", "--output", "--parsable", "--requeue", "--test-only", "--wait", "--wrap",
    ]
    let short = ["-a", "-d", "-J", "-M", "-o", "-W"]
    return long.contains(String(name)) || short.contains { option.hasPrefix($0) && !option.hasPrefix("--") }
  }
}

/// How often a target is tried again after its job ended without a result.
package struct FarmRetries: Hashable, Sendable {
  /// Each further try doubles the limit; more would leave the range of Slurm.
  package static let mostDoublings = 8

  /// After a lost job: its node failed, or it was killed.
  package var lost = 3
  /// After a preempted job.
  package var preempted = 20
  /// After a job that ran out of time, each time with twice as much.
  package var time = 1
  /// After a job that ran out of memory, each time with twice as much.
  package var memory = 2
  /// After a job that could not reach the master.
  package var transfer = 6
  /// How many seconds the first job after such a one waits; each further one waits twice as long.
  package var wait = 60

  /// Defaults.
  package init() {}

  package init(lost: Int, preempted: Int, time: Int, memory: Int, transfer: Int = 6, wait: Int = 60) {
    self.lost = lost
    self.preempted = preempted
    self.time = time
    self.memory = memory
    self.transfer = transfer
    self.wait = wait
  }
}

extension SettingsSection {
  /// A value without blanks that cannot be taken for an option; nil if not set.
  fileprivate func word(_ setting: String) throws -> String? {
    guard let text = try text(setting) else { return nil }
    guard !text.hasPrefix("-"), !text.contains(where: \.isWhitespace) else {
      throw invalid(setting, "`\(text)` is not a single name", "use one name")
    }
    return text
  }

  /// The values of a family whose settings end with an architecture.
  fileprivate func architectures(_ family: String) throws -> [Architecture: String] {
    var values: [Architecture: String] = [:]
    for setting in own where setting.hasPrefix(family) {
      guard let architecture = Architecture(named: String(setting.dropFirst(family.count))) else {
        throw invalid(setting, "does not end with an architecture", "use e.g. \(family)arm64")
      }
      values[architecture] = try word(setting)
    }
    return values
  }
}
