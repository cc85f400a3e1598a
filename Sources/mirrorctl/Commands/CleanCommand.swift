import Hashing
import LinuxSystem
import ArgumentParser
import MirrorTools

struct CleanCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Print a shell script that removes old versions and snapshots, or remove them.",
    discussion: """
      A version is kept if any --keep rule keeps it. Always kept are: the newest complete version; targets \
      of links, .control/version files and remote seeds; builds in progress; versions dated in the future \
      or without a date; mount points. With --caches, files of the caches of builds, logs and history that \
      exceed the limits in [section caches] are listed, or deleted with --apply.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var retention: RetentionOptions

  @Flag(name: .long, help: "Remove them now, after checking each again.")
  var apply = false

  @OptionGroup var preview: DryRunOptions

  @Flag(
    name: .long,
    help: "Clean distfiles, package caches, package trees, ccache, logs and history instead of versions.")
  var caches = false

  @Option(
    name: [.customShort("j", allowingJoined: true), .long], in: 1...1024,
    help: ArgumentHelp("With --apply: number of directories to clean at once (default: 32).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    guard caches, retention.isGiven(over: nil) || retention.maxRemove != nil || retention.staleDays != nil
    else { return }
    throw ValidationError("--caches cannot be used with options for versions.")
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(
      context, as: "clean", lock, isDryRun: !apply || preview.dryRun, hashing: HashingOptions(jobs: jobs))
    if caches {
      let caches = CacheRun(run)
      return try global.renderer(context).print(
        apply && !preview.dryRun ? caches.apply() : caches.plan(), of: run)
    }
    let clean = CleanRun(
      run, retention.policy(over: run.configuration.retention), limit: retention.maxRemove?.limit)
    let (plan, renderer) = (try clean.plan(), global.renderer(context))
    guard apply else { return try renderer.print(clean.script(plan), of: run) }
    guard !preview.dryRun else { return try renderer.print(plan, of: run) }
    let report = try renderer.showing(run.environment.progress) { try clean.apply(plan) }
    return try renderer.print(report, of: run)
  }
}
