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
      or without a date; mount points.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var retention: RetentionOptions

  @Flag(name: .long, help: "Remove them now, after checking each again.")
  var apply = false

  @Flag(name: .shortAndLong, help: "With --apply: print what would be removed and remove nothing.")
  var dryRun = false

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(context, as: "clean", lock, isDryRun: !apply || dryRun)
    let clean = CleanRun(
      run, retention.policy(over: run.configuration.retention), limit: retention.maxRemove?.limit)
    let (plan, renderer) = (try clean.plan(), global.renderer(context))
    guard apply else { return try renderer.print(clean.script(plan), of: run) }
    return try renderer.print(dryRun ? plan : clean.apply(plan), of: run)
  }
}
