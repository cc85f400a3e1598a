import LinuxSystem
import ArgumentParser
import MirrorModel
import MirrorTools

struct NextBuildCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "nextbuild",
    abstract: "Print the build that is due as shell assignments; nothing if all are current.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var rotation: RotationOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let settings = rotation.settings(over: run.configuration.rotation)
    let mirror = try run.scan()
    mirror.unknownNames.forEach(context.tell)
    let plan = try NextBuildPlan(mirror, settings, today: context.today)
    if !global.quiet { context.notice(plan.notices(naming: \.commandLine)) }
    return try global.renderer(context).print(plan, of: run)
  }
}
