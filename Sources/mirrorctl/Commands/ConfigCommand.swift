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

/// `NAME: VALUE` words of a command line, as Metro takes them.
struct DefinitionArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Elements to define: target: stage3 target/build: x.", valueName: "name: value"))
  var words: [String] = []

  func validate() throws {
    guard words.count.isMultiple(of: 2),
      stride(from: 0, to: words.count, by: 2).allSatisfy({ words[$0].hasSuffix(":") })
    else {
      throw ValidationError("Elements are defined as NAME: VALUE, two words each, the first with a colon.")
    }
  }

  var pairs: [(name: String, value: String)] {
    stride(from: 0, to: words.count, by: 2).map { (String(words[$0].dropLast()), words[$0 + 1]) }
  }
}

struct ConfigGetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print an element, expanded.")

  @OptionGroup var source: ConfigurationOptions
  @Argument(help: "The element: path/mirror.") var key: String
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    guard let lines = try file.elements.lines(key) else { throw file.undefined(key) }
    lines.forEach(context.print)
    return .done
  }
}

struct ConfigWhereCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "where", abstract: "Print the file and line that define an element.")

  @OptionGroup var source: ConfigurationOptions
  @Argument(help: "The element: path/mirror.") var key: String
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    guard let place = try file.elements.place(of: key) else { throw file.undefined(key) }
    context.print("\(place)")
    return .done
  }
}

extension ConfigurationFile {
  /// An error that says that an element is not defined here.
  fileprivate func undefined(_ name: String) -> MirrorError {
    let near = elements.nearest(to: name).map { "did you mean \($0)?" }
    return MirrorError(
      .invalid, name, path.map { "is not defined by \($0)" } ?? "is not defined: there is no configuration",
      remedy: near)
  }
}

struct ConfigDumpCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print all elements, expanded.")

  @OptionGroup var source: ConfigurationOptions
  @Flag(name: .long, help: "Print machine-readable JSON.") var json = false
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    let renderer = Renderer(context: context, json: json, quiet: false)
    return try renderer.print(ConfigurationDump(file.elements))
  }
}

struct ConfigCheckCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Look for whatever is wrong with the configuration.",
    discussion: "Elements that need a target are checked too if one is given: target: stage3 target/build: x."
  )

  @OptionGroup var source: ConfigurationOptions
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(source.request(context, defining: definitions.pairs))
    var check = ConfigurationCheck(file)
    check.checkKey(of: file, now: context.now(), cancellation: context.cancellation)
    let mirror = (try? MirrorConfiguration(file.elements))?.mirror
    check.add(WorkPlaces(file.elements, mirror: mirror).faults(of: file.elements))
    for finding in check.findings + check.warnings { context.message(finding) }
    for note in check.notes { context.print(note) }
    return check.findings.isEmpty ? .done : .failed
  }
}

struct ConfigExampleCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "example", abstract: "Print a configuration to begin with, explained.")

  func run(_ context: CommandContext) throws -> ExitStatus {
    context.output.write(Array(ExampleConfiguration.text.utf8))
    return .done
  }
}
