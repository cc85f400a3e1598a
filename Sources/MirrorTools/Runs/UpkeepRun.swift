public import LinuxSystem
import MirrorModel
public import StageTrees

/// Everything a mirror needs, step by step: receive, clean, caches, compress, keys, digestgen, promote, index,
/// publish.
public struct UpkeepRun {
  /// Options of the steps in addition to the configuration.
  public struct Options: Sendable {
    /// Which versions to keep; nil to remove nothing.
    public var policy: RetentionPolicy?
    /// How much one run may remove; nil for half of the complete versions.
    public var limit: RemovalLimit?
    /// How to compress marked tarballs.
    public var compression: CompressionSettings
    /// Which digests to make.
    public var digests = DigestOptions()

    /// Removes nothing.
    public init(compression: CompressionSettings) { self.compression = compression }
  }

  private let run: MirrorRun
  private let options: Options

  /// Creates the use case for a run.
  public init(_ run: MirrorRun, _ options: Options) {
    self.run = run
    self.options = options
  }

  private struct Step {
    let name: String
    let apply: () throws(MirrorError) -> any Report
  }

  /// The steps, in order.
  private var steps: [Step] {
    var steps = [Step(name: "receive") { () throws(MirrorError) in try ReceiveRun(run).apply() }]
    if let clean {
      steps.append(Step(name: "clean") { () throws(MirrorError) in try clean.apply(clean.plan()) })
    }
    if caches.hasLimits {
      steps.append(Step(name: "caches") { () throws(MirrorError) in try caches.apply() })
    }
    steps.append(
      Step(name: "compress") { () throws(MirrorError) in try compress.apply(compress.plan()) })
    if run.configuration.signing != nil {
      steps.append(Step(name: "keys") { () throws(MirrorError) in try KeyRun(run).apply() })
    }
    steps.append(
      Step(name: "digestgen") { () throws(MirrorError) in try digestgen.apply(digestgen.plan()) })
    if let promotion = run.configuration.promotion {
      steps.append(
        Step(name: "promote") { () throws(MirrorError) in try PromotionRun(run, promotion).apply() })
    }
    steps.append(Step(name: "index") { () throws(MirrorError) in try IndexRun(run).apply() })
    if !run.configuration.publishing.isEmpty {
      steps.append(
        Step(name: "publish") { () throws(MirrorError) in try PublishRun(run, check: .daily).apply() })
    }
    return steps
  }

  private var clean: CleanRun? {
    guard options.policy != nil || run.configuration.binhost.keep != nil else { return nil }
    return CleanRun(run, options.policy, limit: options.limit)
  }
  private var caches: CacheRun { CacheRun(run) }
  private var compress: CompressRun { CompressRun(run, options.compression) }
  private var digestgen: DigestgenRun { DigestgenRun(run, options.digests) }

  /// Runs every step; if one fails or is partly done, the next ones run nevertheless.
  ///
  /// - Parameter each: called with the result of each step as it ends.
  /// - Throws: if the mirror cannot be read, or must not be written to.
  public func apply(each: (UpkeepReport.Step) -> Void = { _ in }) throws(MirrorError) -> UpkeepReport {
    var report = UpkeepReport(mirror: "\(run.root)")
    let mirror = try run.scan()
    try warn(mirror.oddities + mirror.futureDates + mirror.strayLinks)
    for step in steps where !run.environment.cancellation.isCancelled {
      let ended = take(step)
      report.steps.append(ended)
      each(ended)
    }
    return report
  }

  private func take(_ step: Step) -> UpkeepReport.Step {
    Log.step("running \(step.name)")
    do throws(MirrorError) {
      let report = try step.apply()
      for message in report.messages { run.tell(message) }
      return UpkeepReport.Step(
        step: step.name, status: report.status.worse(run.status), summary: report.summary)
    } catch {
      // An interruption is reported at the end.
      if !run.environment.cancellation.isCancelled {
        run.tell(error.naming(step: step.name))
      }
      return UpkeepReport.Step(step: step.name, status: ExitStatus(error), summary: nil)
    }
  }

  /// Reports oddities that do not make a run incomplete, each at most once a day, since cron mails all
  /// output.
  private func warn(_ oddities: [MirrorError]) throws(MirrorError) {
    let catalog = try run.catalog()
    for oddity in oddities where (try? catalog.isDue("\(oddity)", at: run.environment.now())) ?? true {
      run.tell(oddity)
    }
  }

  /// What each step would do to the mirror as it is now. Work that one step creates for the next is not
  /// included.
  ///
  /// - Throws: if the mirror cannot be read.
  public func plan() throws(MirrorError) -> UpkeepPlan {
    let mirror = try run.scan()
    for oddity in mirror.oddities + mirror.futureDates + mirror.strayLinks { run.tell(oddity) }
    var plan = UpkeepPlan(scan: mirror)
    try step("receive", &plan) { plan throws(MirrorError) in plan.receive = try ReceiveRun(run).plan() }
    if let clean {
      try step("clean", &plan) { plan throws(MirrorError) in plan.clean = try clean.plan().plan }
    }
    if caches.hasLimits {
      try step("caches", &plan) { plan throws(MirrorError) in plan.caches = try caches.plan() }
    }
    try step("compress", &plan) { plan throws(MirrorError) in plan.compress = try compress.plan().plan }
    try step("digestgen", &plan) { plan throws(MirrorError) in
      plan.digestgen = try digestgen.plan().plan
    }
    try step("index", &plan) { plan throws(MirrorError) in plan.index = try IndexRun(run).plan() }
    if !run.configuration.publishing.isEmpty {
      try step("publish", &plan) { plan throws(MirrorError) in plan.publish = try PublishRun(run).plan() }
    }
    return plan
  }

  private func step(
    _ name: String, _ plan: inout UpkeepPlan, _ body: (inout UpkeepPlan) throws(MirrorError) -> Void
  ) throws(MirrorError) {
    do throws(MirrorError) { try body(&plan) } catch {
      guard error.code != .interrupted else { throw error }
      plan.problems.append(.init(step: name, error: error))
    }
  }
}

extension MirrorError {
  /// The same error, with the name of the step that it ended.
  fileprivate func naming(step: String) -> MirrorError {
    MirrorError(code, "\(step): \(subject)", problem, remedy: remedy)
  }
}

/// Result of the steps.
public struct UpkeepReport: MirrorReport {
  /// Result of one step.
  public struct Step: Encodable, Sendable {
    /// Its name.
    public let step: String
    /// Its exit status.
    public let status: ExitStatus
    /// What it did, in one line; nil for nothing.
    public let summary: String?
  }

  /// Root of the mirror.
  public let mirror: String
  /// In the order of execution.
  public internal(set) var steps: [Step] = []

  private enum CodingKeys: CodingKey { case mirror, steps }

  /// The status of the worst step.
  public var status: ExitStatus { steps.reduce(.done) { $0.worse($1.status) } }
}

/// What each step would do to the mirror as it is now.
public struct UpkeepPlan: MirrorReport {
  let scan: Mirror
  /// Servers whose uploads would be received.
  public internal(set) var receive: [String] = []
  /// nil if nothing would be removed.
  public internal(set) var clean: RetentionPlan?
  /// nil if the configuration limits no cache.
  public internal(set) var caches: CacheReport?
  /// What would be compressed.
  public internal(set) var compress: CompressionPlan?
  /// What would be digested.
  public internal(set) var digestgen: DigestPlan?
  /// Index files that would be written, except metalinks.
  public internal(set) var index: [MirrorPath]?
  /// nil if nothing would be published.
  public internal(set) var publish: PublishReport?
  /// Why steps could not be planned.
  public internal(set) var problems: [StepProblem] = []

  private enum CodingKeys: CodingKey {
    case mirror, receive, clean, caches, compress, digestgen, index, publish, problems
  }

  init(scan: Mirror) { self.scan = scan }

  /// A step that could not be planned.
  public struct StepProblem: Encodable, Sendable {
    /// The step's name.
    public let step: String
    /// The reason.
    public let error: MirrorError

    private enum CodingKeys: CodingKey { case step }

    /// The keys of the error, plus `step`.
    public func encode(to encoder: any Encoder) throws {
      try error.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(step, forKey: .step)
    }
  }

  /// Root of the mirror.
  public var mirror: String { "\(scan.root)" }

  /// Planned changes, step by step.
  public var lines: [ReportLine] {
    let plans: [(any Plan)?] = [clean, compress, digestgen]
    let lines =
      receive.map { "would receive the upload of \($0)" }
      + plans.compactMap(\.self).flatMap { $0.lines(in: scan) }
      + (index ?? []).map { "would write \(displayed($0))" }
    return lines.asEssentialLines + (caches?.lines ?? []) + (publish?.lines ?? [])
  }

  /// Why steps could not be planned.
  public var messages: [MirrorError] {
    problems.map { $0.error.naming(step: $0.step) }
  }

  /// The worst status of planning and publishing.
  public var status: ExitStatus {
    let statuses = problems.map { ExitStatus($0.error) } + (publish.map { [$0.status] } ?? [])
    return statuses.reduce(.done) { $0.worse($1) }
  }

  /// The plans by step.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(receive, forKey: .receive)
    try container.encodeIfPresent(clean, forKey: .clean)
    try container.encodeIfPresent(caches, forKey: .caches)
    try container.encodeIfPresent(compress, forKey: .compress)
    try container.encodeIfPresent(digestgen, forKey: .digestgen)
    try container.encodeIfPresent(index, forKey: .index)
    try container.encodeIfPresent(publish, forKey: .publish)
    try container.encode(problems, forKey: .problems)
  }
}
