import LinuxSystem
import ArgumentParser
import MirrorTools

struct UpkeepCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "upkeep",
    abstract:
      "Run all maintenance under one lock: receive, clean, compress, digestgen, index, publish.",
    discussion: """
      The verb for cron: it prints one line per step that changed something, and nothing if nothing was due. \
      It cleans only if a --keep option or the configuration sets what to keep, and publishes only if the \
      configuration names destinations. A step that fails or is partly done does not stop later steps; the \
      exit status is the worst of all steps.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var retention: RetentionOptions
  @OptionGroup var compression: CompressionOptions
  @OptionGroup var digests: DigestgenOptions

  @Flag(name: .long, help: "Create a mirror in a directory that is not one yet.")
  var create = false

  @OptionGroup var preview: DryRunOptions

  func validate() throws {
    if preview.dryRun && create {
      throw ValidationError("--create and --dry-run cannot be used together.")
    }
  }

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    var quiet = global
    // Only the summaries of steps are printed.
    quiet.quiet = true
    let hashing = try reading.hashing(job, context)
    let run =
      preview.dryRun
      ? try quiet.read(context, hashing: hashing)
      : try quiet.write(context, as: "upkeep", lock, creates: create, event: event, hashing: hashing)
    if create { try run.mark() }
    let upkeep = UpkeepRun(run, try options(run.configuration))
    let renderer = global.renderer(context)
    if preview.dryRun { return try renderer.print(upkeep.plan(), of: run) }
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
