import LinuxSystem
import ArgumentParser
import MirrorTools

struct UpkeepCommand: ReportedVerb {
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
    var quiet = global
    // Steps are told of by their summaries.
    quiet.quiet = true
    let hashing = try reading.hashing(job, context)
    let run =
      dryRun
      ? try quiet.read(context, hashing: hashing)
      : try quiet.write(context, as: "upkeep", lock, creates: create, event: event, hashing: hashing)
    if create { try run.mark() }
    let upkeep = UpkeepRun(run, try options(run.configuration))
    let renderer = global.renderer(context)
    if dryRun { return try renderer.print(upkeep.plan(), of: run) }
    let report = try renderer.showing(run.environment.progress) {
      try upkeep.apply { step in
        if let summary = step.summary { renderer.print("\(step.step): \(summary)") }
      }
    }
    event.report = report
    return try renderer.print(report)
  }

  private func options(_ configuration: MirrorConfiguration) throws -> UpkeepRun.Options {
    var options = UpkeepRun.Options(compression: try compression.settings(over: configuration))
    if retention.isGiven(over: configuration.retention) {
      options.policy = retention.policy(over: configuration.retention)
    }
    options.limit = retention.maxRemove?.limit
    options.digests = digests.options
    return options
  }
}
