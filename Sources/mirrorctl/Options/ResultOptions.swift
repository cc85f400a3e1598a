import ArgumentParser

/// How results are printed, for verbs that work on no mirror.
struct ResultOptions: ParsableArguments {
  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only where something is wrong.")
  var quiet = false
}

/// Where a result goes that is a file of its own.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write there instead; - for standard output.", valueName: "file"),
    completion: .file())
  var output: String?
}
