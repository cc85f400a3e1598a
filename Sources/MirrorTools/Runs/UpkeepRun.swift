public import LinuxSystem
import MirrorModel
public import StageTrees

/// All that a mirror needs, step by step: receive, clean, compress, keys, digestgen, index, publish.
public struct UpkeepRun {
  /// What the steps do beside what the configuration says.
  public struct Options: Sendable {
    /// What stays; nil where nothing is removed.
    public var policy: RetentionPolicy?
    /// How much one run may remove; nil for half of what is offered.
    public var limit: RemovalLimit?
    /// How marked tarballs are compressed.
    public var compression: CompressionSettings
    /// Which digests are made.
    public var digests = DigestOptions()

    /// Removes nothing.
    public init(compression: CompressionSettings) { self.compression = compression }
  }

  private let run: MirrorRun
  private let options: Options

  /// Works in a run.
  public init(_ run: MirrorRun, _ options: Options) {
    self.run = run
    self.options = options
  }

  private struct Step {
    let name: String
    let apply: () throws(MirrorError) -> any Report
  }

  /// The steps that there are, in their order.
  private var steps: [Step] {
    var steps = [Step(name: "receive") { () throws(MirrorError) in try ReceiveRun(run).apply() }]
    if let clean {
      steps.append(Step(name: "clean") { () throws(MirrorError) in try clean.apply(clean.plan()) })
    }
    steps.append(
      Step(name: "compress") { () throws(MirrorError) in try compress.apply(compress.plan()) })
    if run.configuration.signing != nil {
      steps.append(Step(name: "keys") { () throws(MirrorError) in try KeyRun(run).apply() })
    }
    steps.append(
      Step(name: "digestgen") { () throws(MirrorError) in try digestgen.apply(digestgen.plan()) })
    steps.append(Step(name: "index") { () throws(MirrorError) in try IndexRun(run).apply() })
    if !run.configuration.publishing.isEmpty {
      steps.append(
        Step(name: "publish") { () throws(MirrorError) in try PublishRun(run, check: .daily).apply() })
    }
    return steps
  }

  private var clean: CleanRun? { options.policy.map { CleanRun(run, $0, limit: options.limit) } }
  private var compress: CompressRun { CompressRun(run, options.compression) }
  private var digestgen: DigestgenRun { DigestgenRun(run, options.digests) }

  /// Takes every step; one that fails or is done in part does not stop the ones after it.
  ///
  /// - Parameter each: receives each step as it ends.
  /// - Throws: where the mirror cannot be read, or must not be written to.
  public func apply(each: (UpkeepReport.Step) -> Void = { _ in }) throws(MirrorError) -> UpkeepReport {
    var report = UpkeepReport(mirror: "\(run.root)")
    let mirror = try run.scan()
    try warn(mirror.oddities + mirror.futureDates)
    for step in steps where !run.environment.cancellation.isCancelled {
      let ended = take(step)
      report.steps.append(ended)
      each(ended)
    }
    return report
  }

  private func take(_ step: Step) -> UpkeepReport.Step {
    Log.step("step \(step.name)")
    do throws(MirrorError) {
      let report = try step.apply()
      for message in report.messages { run.tell(message) }
      return UpkeepReport.Step(
        step: step.name, status: report.status.worse(run.status), summary: report.summary)
    } catch {
      // An interruption is told at the end.
      if !run.environment.cancellation.isCancelled {
        run.tell(
          MirrorError(error.code, "\(step.name): \(error.subject)", error.problem, remedy: error.remedy))
      }
      return UpkeepReport.Step(step: step.name, status: ExitStatus(error), summary: nil)
    }
  }

  /// Reports what is odd and makes no run incomplete, each at most once a day: cron mails what is printed.
  private func warn(_ oddities: [MirrorError]) throws(MirrorError) {
    let catalog = try run.catalog()
    for oddity in oddities where (try? catalog.isDue("\(oddity)", at: run.environment.now())) ?? true {
      run.tell(oddity)
    }
  }

  /// What each step would do to the mirror as it is now; what one step makes work for the next is not seen.
  ///
  /// - Throws: where the mirror cannot be read.
  public func plan() throws(MirrorError) -> UpkeepPlan {
    let mirror = try run.scan()
    for oddity in mirror.oddities + mirror.futureDates { run.tell(oddity) }
    var plan = UpkeepPlan(scan: mirror)
    try step("receive", &plan) { plan throws(MirrorError) in plan.receive = try ReceiveRun(run).plan() }
    if let clean {
      try step("clean", &plan) { plan throws(MirrorError) in plan.clean = try clean.plan().plan }
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

/// What the steps did.
public struct UpkeepReport: MirrorReport {
  /// One step's end.
  public struct Step: Encodable, Sendable {
    /// Its name.
    public let step: String
    /// How it ended.
    public let status: ExitStatus
    /// What it did, in one line; nil for nothing.
    public let summary: String?
  }

  /// Where the mirror is.
  public let mirror: String
  /// In the order of their taking.
  public internal(set) var steps: [Step] = []

  private enum CodingKeys: CodingKey { case mirror, steps }

  /// That of the worst step.
  public var status: ExitStatus { steps.reduce(.done) { $0.worse($1.status) } }
}

/// What each step would do to the mirror as it is now.
public struct UpkeepPlan: MirrorReport {
  let scan: Mirror
  /// Servers whose uploads would be received.
  public internal(set) var receive: [String] = []
  /// nil where nothing is removed.
  public internal(set) var clean: RetentionPlan?
  /// What would be compressed.
  public internal(set) var compress: CompressionPlan?
  /// What would be digested.
  public internal(set) var digestgen: DigestPlan?
  /// Index files that would be written, without metalinks.
  public internal(set) var index: [MirrorPath]?
  /// nil where nothing is published.
  public internal(set) var publish: PublishReport?
  /// What keeps steps from being planned.
  public internal(set) var problems: [StepProblem] = []

  private enum CodingKeys: CodingKey {
    case mirror, receive, clean, compress, digestgen, index, publish, problems
  }

  init(scan: Mirror) { self.scan = scan }

  /// A step, and what keeps it from being planned.
  public struct StepProblem: Encodable, Sendable {
    /// The step's name.
    public let step: String
    /// What is wrong.
    public let error: MirrorError

    private enum CodingKeys: CodingKey { case step }

    /// The keys of the error, and `step` among them.
    public func encode(to encoder: any Encoder) throws {
      try error.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(step, forKey: .step)
    }
  }

  /// Where the mirror is.
  public var mirror: String { "\(scan.root)" }

  /// What would be done, step by step.
  public var lines: [ReportLine] {
    let plans: [(any Plan)?] = [clean, compress, digestgen]
    let lines =
      receive.map { "would receive the upload of \($0)" }
      + plans.compactMap(\.self).flatMap { $0.lines(in: scan) }
      + (index ?? []).map { "would write \(displayed($0))" }
    return lines.asEssentialLines + (publish?.lines ?? [])
  }

  /// What keeps steps from being planned.
  public var messages: [MirrorError] {
    problems.map {
      MirrorError($0.error.code, "\($0.step): \($0.error.subject)", $0.error.problem, remedy: $0.error.remedy)
    }
  }

  /// The worst of what keeps steps from being planned, and of publishing.
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
    try container.encodeIfPresent(compress, forKey: .compress)
    try container.encodeIfPresent(digestgen, forKey: .digestgen)
    try container.encodeIfPresent(index, forKey: .index)
    try container.encodeIfPresent(publish, forKey: .publish)
    try container.encode(problems, forKey: .problems)
  }
}
