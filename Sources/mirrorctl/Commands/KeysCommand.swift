import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show the signing key, or export it for downloaders.",
    discussion: "The key is configured in `[section signing]`.",
    subcommands: [KeysShowCommand.self, KeysExportCommand.self])
}
