import LinuxSystem
import ArgumentParser
import FlexData
import MirrorTools
import StageBuilder

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at the configuration, check it, or begin one.",
    subcommands: [
      ConfigGetCommand.self, ConfigDumpCommand.self, ConfigCheckCommand.self, ConfigWhereCommand.self,
      ConfigExampleCommand.self, ConfigImportBuildbotCommand.self,
    ])
}

extension ConfigurationFile {
  /// An error that says that an element is not defined here.
  func undefined(_ name: String) -> MirrorError {
    let near = elements.nearest(to: name).map { "did you mean \($0)?" }
    return MirrorError(
      .invalid, name, path.map { "is not defined by \($0)" } ?? "is not defined: there is no configuration",
      remedy: near)
  }
}
