import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools

struct ConfigGetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print the expanded value of an element.")

  @OptionGroup var source: ConfigurationOptions
  @Argument(help: "Element, e.g. path/mirror.", completion: .names(.element)) var key: String
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    guard let lines = try file.elements.lines(key) else { throw file.undefined(key) }
    lines.forEach(context.print)
    return .done
  }
}
