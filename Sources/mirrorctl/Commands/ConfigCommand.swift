import LinuxSystem
import ArgumentParser
import FlexData
import MirrorTools
import StageBuilder

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show or check the configuration, or start a new one.",
    subcommands: [
      ConfigGetCommand.self, ConfigDumpCommand.self, ConfigCheckCommand.self, ConfigWhereCommand.self,
      ConfigExampleCommand.self, ConfigImportBuildbotCommand.self,
    ])
}

extension ConfigurationFile {
  /// The error for an element that the configuration does not define.
  func undefined(_ name: String) -> MirrorError {
    let near = elements.nearest(to: name).map { "did you mean \($0)?" }
    return MirrorError(
      .invalid, name, path.map { "is not defined by \($0)" } ?? "is not defined: there is no configuration",
      remedy: near)
  }
}
