import ArgumentParser
import Hashing
import MirrorTools

struct PromoteCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Offer a candidate to downloaders.",
    discussion: """
      mirrorctl promote funtoo-current/x86-64bit/core2_64/2026-11-01

      With `build/stage: candidate`, builds make candidates, which no index, link or destination offers. \
      promote checks and signs the tarballs, moves the links, and writes the indexes.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("Why, for the journal.", valueName: "text"))
  var reason: String?

  @OptionGroup var preview: DryRunOptions

  @Argument(help: "The candidate: BUILD/ARCH/SUBARCH/VERSION.", completion: .names(.place))
  var path: String

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.open(
      context, as: "promote", lock, isDryRun: preview.dryRun, event: event,
      hashing: HashingOptions(jobs: job.jobs))
    let promote = PromoteRun(run, try run.path(path), reason: reason)
    guard !preview.dryRun else { return try global.renderer(context).print(promote.plan(), of: run) }
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) { try promote.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
