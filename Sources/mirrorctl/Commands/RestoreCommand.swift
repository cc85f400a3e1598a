import ArgumentParser
import Hashing
import MirrorTools

struct RestoreCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Offer again what was withdrawn.",
    discussion: """
      mirrorctl restore funtoo-current/x86-64bit/core2_64/2026-11-01

      Links lead to it again if nothing newer is offered, and the indexes list it. Deleted files must be \
      copied back first.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions

  @OptionGroup var preview: DryRunOptions

  @Argument(help: "The path that was withdrawn.", completion: .names(.path))
  var path: String

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.open(
      context, as: "restore", lock, isDryRun: preview.dryRun, event: event,
      hashing: HashingOptions(jobs: job.jobs))
    let restore = RestoreRun(run, try run.path(path))
    let renderer = global.renderer(context)
    guard !preview.dryRun else { return try renderer.print(restore.plan(), of: run) }
    let report = try renderer.showing(run.environment.progress) { try restore.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
