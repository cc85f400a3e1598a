import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools

struct ConfigWhereCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "where", abstract: "Print the file and line that define an element.")

  @OptionGroup var source: ConfigurationOptions
  @Argument(help: "Element, e.g. path/mirror.", completion: .names(.element)) var key: String
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    guard let place = try file.elements.place(of: key) else { throw file.undefined(key) }
    context.print("\(place)")
    return .done
  }
}
