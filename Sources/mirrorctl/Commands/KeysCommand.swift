import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show, export, replace or revoke the signing key.",
    discussion: "The key is configured in `[section signing]`.",
    subcommands: [
      KeysShowCommand.self, KeysExportCommand.self, KeysRotateCommand.self, KeysRevokeCommand.self,
    ])
}
