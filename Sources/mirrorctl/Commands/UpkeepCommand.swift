import MirrorModel
import LinuxSystem
import ArgumentParser
import MirrorTools

struct UpkeepCommand: ToldVerb {
  static let configuration = CommandConfiguration(
    commandName: "upkeep",
    abstract:
      "Do all that a mirror needs, under one lock: receive, clean, compress, digestgen, index, publish.",
    discussion: """
      The verb for cron: it prints a line for every step that did something, and nothing when all was done \
      already. It cleans only if a --keep option or the configuration says what to keep, and publishes only \
      if the configuration says where to. A step that fails or is done in part does not stop the ones after it; \
      the exit status is that of the worst.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var retention: RetentionOptions
  @OptionGroup var compression: CompressionOptions
  @OptionGroup var digests: DigestgenOptions

  @Flag(name: .long, help: "Begin a mirror in a directory that holds none yet.")
  var create = false

  @Flag(name: .shortAndLong, help: "Print what each step would do to the mirror as it is, and write nothing.")
  var dryRun = false

  func validate() throws {
    if dryRun && create {
      throw ValidationError("--create writes, and --dry-run does not: give one of them.")
    }
  }

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    if dryRun { return try plan(context) }
    let hashing = try reading.hashing(job, context)
    let session = try MirrorSession(
      global, context, verb: "upkeep", lock: lock, creates: create, event: event)
    if create { try session.mark() }
    let settings = try compression.settings(over: session.configuration)
    var steps: [StepOutput] = []
    func step(_ name: String, _ body: () throws -> StepResult) {
      guard !context.cancellation.isCancelled else { return }
      var result = StepResult(status: .failed)
      do { result = try body() } catch {
        // An interruption is told at the end.
        if !context.cancellation.isCancelled { context.message("\(name): \(error)") }
        if let error = error as? MirrorError { result.status = ExitStatus(error) }
      }
      if let summary = result.summary, !global.json, !global.quiet { context.print("\(name): \(summary)") }
      steps.append(StepOutput(step: name, status: result.status, summary: result.summary))
    }
    let mirror = try session.scan()
    try session.warn(mirror.oddities + mirror.futureDates)
    step("receive") { try session.receive([], hashing, isStep: true).step }
    if retention.isGiven(over: session.configuration.retention) {
      step("clean") { try session.clean(retention, apply: true, isStep: true) }
    }
    step("compress") { try session.compress(settings, jobs: job.jobs, isStep: true) }
    if let signing = session.configuration.signing { step("keys") { try session.refresh(signing) } }
    step("digestgen") {
      try session.digestgen(digests.options, hashing, dryRun: false, isStep: true)
    }
    step("index") { try session.index(session.configuration.index.formats, hashing).step }
    if !session.configuration.publishing.isEmpty {
      step("publish") {
        try session.publish(session.configuration.publishing, hashing, .daily, isStep: true).step
      }
    }
    let report = UpkeepOutput(mirror: "\(session.root)", steps: steps)
    event.report = report
    if global.json { try context.print(json: report) }
    return steps.reduce(.done) { $0.worse($1.status) }
  }
}

extension MirrorSession {
  /// Renews the published key, and warns once a day of one that ends soon.
  fileprivate func refresh(_ signing: SigningSettings) throws -> StepResult {
    // What is wrong with gpg is told by what has to sign.
    guard let key = try? PublicKeyFile.listed(signing, cancellation: context.cancellation) else {
      return StepResult(status: .done)
    }
    if let warning = key.warning(at: context.now()), try catalog().isDue("key", at: context.now()) {
      tell(warning)
    }
    let published = PublishedKey(
      root, try configuration.layout(), signing, cancellation: context.cancellation)
    return StepResult(status: .done, summary: try published.renew() ? "\(PublicKeyFile.name) written" : nil)
  }
}

private struct StepOutput: Encodable {
  let step: String
  let status: ExitStatus
  let summary: String?
}

private struct UpkeepOutput: Encodable {
  let mirror: String
  let steps: [StepOutput]
}
