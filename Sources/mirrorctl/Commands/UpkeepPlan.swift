import MirrorModel
import LinuxSystem
import MirrorTools

/// What each step of `upkeep` would do to the mirror as it is now; what one step makes work for the next is not seen.
struct UpkeepPlan: Encodable {
  let mirror: String
  /// Servers whose uploads would be received.
  var receive: [String] = []
  var clean: RetentionPlan?
  var compress: CompressionPlan?
  var digestgen: DigestPlan?
  /// Index files that would be written, without metalinks.
  var index: [MirrorPath]?
  var publish: AnyEncodable?
  /// What keeps steps from being planned.
  var problems: [StepProblem] = []

  /// A step, and what keeps it from being planned.
  struct StepProblem: Encodable {
    let step: String
    let path: String
    let problem: String
    let remedy: String?

    init(_ step: String, _ error: MirrorError) {
      (self.step, path, problem, remedy) = (step, error.subject, error.problem, error.remedy)
    }
  }
}

/// A value of a type that its holder does not know.
struct AnyEncodable: Encodable {
  let value: any Encodable
  func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension UpkeepCommand {
  /// Plans every step and prints the plans; writes nothing.
  func plan(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    for oddity in mirror.oddities + mirror.futureDates { session.tell(oddity) }
    let hashing = try reading.hashing(job, context)
    var plan = UpkeepPlan(mirror: "\(session.root)")
    var status = mirror.problems.isEmpty ? ExitStatus.done : .partial
    func step(_ name: String, _ body: () throws -> Void) throws {
      do { try body() } catch let error as MirrorError where error.code != .interrupted {
        context.message("\(name): \(error)")
        plan.problems.append(.init(name, error))
        status = status.worse(ExitStatus(error))
      }
    }
    try step("receive") { plan.receive = try session.receiver(hashing).waiting() }
    if retention.isGiven(over: session.configuration.retention) {
      try step("clean") {
        let removals = try session.retentionPlanner(retention).soundPlan(mirror, session.existingCatalog).plan
        if let limit = retention.maxRemove?.limit { try removals.check(limit, mirror: mirror) }
        plan.clean = removals
      }
    }
    try step("compress") {
      let settings = try compression.settings(over: session.configuration)
      plan.compress = CompressionPlan(of: mirror, settings: settings, now: context.now())
    }
    try step("digestgen") {
      plan.digestgen = try DigestGenerator(session.digestRun(hashing)).plan(mirror, digests.options)
    }
    try step("index") {
      plan.index = try session.plannedIndexes(session.configuration.index.formats, in: mirror)
    }
    if !global.json { try render(plan, mirror, session) }
    if !session.configuration.publishing.isEmpty {
      try step("publish") {
        let (plans, worst) = try session.planPublishing(session.configuration.publishing, .none)
        plan.publish = AnyEncodable(value: plans)
        status = status.worse(worst)
      }
    }
    if global.json { try context.print(json: plan) }
    return status
  }

  private func render(_ plan: UpkeepPlan, _ mirror: Mirror, _ session: borrowing MirrorSession) throws {
    for server in plan.receive { session.context.print("would receive the upload of \(server)") }
    if let removals = plan.clean { session.render(removals, mirror) }
    if let compressions = plan.compress { try session.render(compressions, mirror) }
    if let digests = plan.digestgen { try session.render(digests, mirror) }
    for path in plan.index ?? [] { session.context.print("would write \(mirror.displayed(path))") }
  }
}
