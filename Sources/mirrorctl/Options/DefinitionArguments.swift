import ArgumentParser

/// `NAME: VALUE` arguments, as in Metro.
struct DefinitionArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Elements to define, e.g. target: stage3 target/build: x.", valueName: "name: value"))
  var words: [String] = []

  func validate() throws {
    guard words.count.isMultiple(of: 2),
      stride(from: 0, to: words.count, by: 2).allSatisfy({ words[$0].hasSuffix(":") })
    else {
      throw ValidationError("Define elements as NAME: VALUE, two words each, the first ending in a colon.")
    }
  }

  var pairs: [(name: String, value: String)] {
    stride(from: 0, to: words.count, by: 2).map { (String(words[$0].dropLast()), words[$0 + 1]) }
  }
}
