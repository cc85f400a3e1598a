import ArgumentParser
import MirrorTools

struct NextBuildCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "nextbuild",
    abstract: "Print which build is due, as shell assignments; nothing when all is current.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var rotation: RotationOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    let plan = NextBuildPlan(mirror, rotation.settings, today: context.today)
    if !global.quiet { plan.notices.forEach { context.errors.write(Array("\($0)\n".utf8)) } }
    if global.json {
      try context.print(json: plan)
    } else if let next = plan.next {
      context.output.write(next.shellAssignments)
    }
    return session.report([], mirror: mirror)
  }
}

/// What is built how often, and how.
struct RotationOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Days after which a subarch is built again.", valueName: "n"))
  var staleDays = 3

  @Option(
    name: .long,
    help: ArgumentHelp("Failures in a row that take a subarch out of the rotation.", valueName: "n"))
  var maxFailcount = 3

  @Option(
    name: .long,
    help: ArgumentHelp("Ways to build, each following the one before: full,freshen.", valueName: "list"))
  var modes = "full"

  func validate() throws {
    guard (0...1_000_000).contains(staleDays), (0...1_000_000).contains(maxFailcount) else {
      throw ValidationError("--stale-days and --max-failcount must not be negative or absurd.")
    }
    if modes.split(separator: ",").isEmpty {
      throw ValidationError("--modes wants at least one way to build.")
    }
  }

  var settings: RotationSettings {
    var settings = RotationSettings()
    settings.staleDays = staleDays
    settings.maxFailcount = maxFailcount
    settings.modes = modes.split(separator: ",").map(String.init)
    return settings
  }
}
