import ArgumentParser
import Hashing
import MirrorTools

struct WithdrawCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Stop offering a version, one file of it, or a snapshot.",
    discussion: """
      mirrorctl withdraw funtoo-current/x86-64bit/core2_64/2026-11-01 --reason 'broken C library'

      It disappears from all indexes and pages, links lead to the version before it, and builds do not start \
      from it. A notice with the reason is kept beside it. Destinations follow when publish runs.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("Why, for the users of the release.", valueName: "text"))
  var reason: String

  @Option(help: ArgumentHelp("The release to use instead.", valueName: "path"), completion: .names(.path))
  var replaceBy: String?

  @Flag(help: "Delete its tarballs, digests and signatures.")
  var delete = false

  @OptionGroup var preview: DryRunOptions

  @Argument(
    help: "BUILD/ARCH/SUBARCH/VERSION, a tarball in it, or BUILD/snapshots/TARBALL.",
    completion: .names(.path))
  var path: String

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.open(
      context, as: "withdraw", lock, isDryRun: preview.dryRun, event: event,
      hashing: HashingOptions(jobs: job.jobs))
    let withdraw = WithdrawRun(
      run, try run.path(path), reason: reason, replacement: try replaceBy.map { try run.path($0) },
      deletes: delete)
    let renderer = global.renderer(context)
    guard !preview.dryRun else { return try renderer.print(withdraw.plan(), of: run) }
    let report = try renderer.showing(run.environment.progress) { try withdraw.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
