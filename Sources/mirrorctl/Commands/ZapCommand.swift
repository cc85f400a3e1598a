import MirrorModel
import ArgumentParser
import MirrorTools

struct ZapCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "zap",
    abstract: "Forget failures, so that failing subarches are built again.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Flag(name: .shortAndLong, help: "Print what would be removed and remove nothing.")
  var dryRun = false

  @Argument(help: "Subarches, or directories above them (default: all).", completion: .directory)
  var paths: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session =
      dryRun
      ? try MirrorSession(global, context) : try MirrorSession(global, context, verb: "zap", lock: lock)
    let mirror = try session.scan()
    let plan = try Zap(mirror, session.configuration.rotation, only: try session.mirrorPaths(paths))
    if global.json {
      try context.print(json: plan)
    } else if !global.quiet {
      // Metro's words for what is done; a dry run says that it is not.
      if dryRun {
        for path in plan.paths { context.print("would remove \(mirror.displayed(path))") }
      } else {
        plan.lines.forEach(context.print)
      }
    }
    return session.report(dryRun ? [] : try plan.apply(in: mirror), mirror: mirror)
  }
}
