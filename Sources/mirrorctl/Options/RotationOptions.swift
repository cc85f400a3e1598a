import ArgumentParser
import MirrorTools
import StageBuilder

/// What to build, how often and in which mode.
struct RotationOptions: ParsableArguments {
  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Days after which a subarch is built again (default: 3).", valueName: "n")
  )
  var staleDays: Int?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp(
      "Consecutive failures that take a subarch out of the rotation (default: 3).", valueName: "n"))
  var maxFailcount: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Build modes to use in turn, e.g. full,freshen (default: full).", valueName: "list"),
    completion: .list(BuildModes.usual))
  var modes: String?

  func validate() throws {
    if let modes, modes.split(separator: ",").isEmpty {
      throw ValidationError("--modes must name at least one mode.")
    }
  }

  /// The settings of the configuration, overridden by the command line.
  func settings(over configured: RotationSettings) -> RotationSettings {
    var settings = configured
    settings.staleDays = staleDays ?? settings.staleDays
    settings.maxFailcount = maxFailcount ?? settings.maxFailcount
    if let modes { settings.setModes(modes.split(separator: ",").map(String.init)) }
    return settings
  }
}
