import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools

struct ConfigExampleCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "example", abstract: "Print a commented example configuration.")

  func run(_ context: CommandContext) throws -> ExitStatus {
    context.output.write(Array(ExampleConfiguration.text.utf8))
    return .done
  }
}
