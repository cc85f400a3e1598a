import ArgumentParser
import FoundationEssentials

/// The arguments of a verb, as the parser describes them in JSON.
struct CommandArguments: Decodable {
  let arguments: [Argument]

  struct Argument: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }

    /// What its values are.
    enum Values: Decodable {
      case list(values: [String])
      case file(extensions: [String])
      case directory
      case shellCommand(command: String)
    }

    struct Name: Decodable {
      let kind: String
      let name: String

      var word: String { kind == "long" ? "--\(name)" : "-\(name)" }
    }

    let kind: Kind
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String
    let abstract: String?
    let completionKind: Values?

    /// The words that give it: `-n`, `--dry-run`.
    var words: [String] { (names ?? []).map(\.word) }
    /// Whether its value is one or more values, separated by commas.
    var isList: Bool { valueName == "list" }
  }

  /// Those of a verb, or of a group of options; none if the parser describes them in another way.
  static func of(_ type: any ParsableArguments.Type) -> [Argument] {
    struct Description: Decodable { let command: CommandArguments }
    let json = Data(type._dumpHelp().utf8)
    return (try? JSONDecoder().decode(Description.self, from: json))?.command.arguments ?? []
  }
}
