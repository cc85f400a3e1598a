import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show the key that signs, or write it for downloaders.",
    discussion: "The key is that of `[section signing]` in the configuration.",
    subcommands: [KeysShowCommand.self, KeysExportCommand.self])
}
