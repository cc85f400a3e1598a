import ArgumentParser
import MirrorTools

/// What is built how often, and how.
struct RotationOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Days after which a subarch is built again (default: 3).", valueName: "n")
  )
  var staleDays: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Failures in a row that take a subarch out of the rotation (default: 3).", valueName: "n"))
  var maxFailcount: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Ways to build, each following the one before: full,freshen (default: full).", valueName: "list"))
  var modes: String?

  func validate() throws {
    guard (0...1_000_000).contains(staleDays ?? 0), (0...1_000_000).contains(maxFailcount ?? 0) else {
      throw ValidationError("--stale-days and --max-failcount must not be negative or absurd.")
    }
    if let modes, modes.split(separator: ",").isEmpty {
      throw ValidationError("--modes wants at least one way to build.")
    }
  }

  /// What the configuration says, with what the command line says instead.
  func settings(over configured: RotationSettings) -> RotationSettings {
    var settings = configured
    settings.staleDays = staleDays ?? settings.staleDays
    settings.maxFailcount = maxFailcount ?? settings.maxFailcount
    if let modes { settings.setModes(modes.split(separator: ",").map(String.init)) }
    return settings
  }
}
