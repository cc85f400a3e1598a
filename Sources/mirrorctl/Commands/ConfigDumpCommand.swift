import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools

struct ConfigDumpCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print the expanded values of all elements.")

  @OptionGroup var source: ConfigurationOptions
  @Flag(name: .long, help: "Print machine-readable JSON.") var json = false
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    let renderer = Renderer(context: context, json: json, quiet: false)
    return try renderer.print(ConfigurationDump(file.elements))
  }
}
