import ArgumentParser

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
