import ArgumentParser
import MirrorTools
import SystemPackage

/// How results are printed, for verbs that work on no mirror.
struct ResultOptions: ParsableArguments {
  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only where something is wrong.")
  var quiet = false

  @OptionGroup var verbosity: VerbosityOptions

  /// Prints what the verb reports, and has it tell what it does.
  func renderer(_ context: CommandContext) -> Renderer {
    context.log(verbosity.verbose)
    return Renderer(context: context, json: json, quiet: quiet)
  }
}

/// Where a result goes that is a file of its own.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write there instead; - for standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  /// Writes a result where it is wanted: to standard output without the option.
  ///
  /// - Returns: whether a file was written that is not standard output.
  @discardableResult
  func write(_ bytes: [UInt8], _ context: CommandContext) throws -> Bool {
    guard let output, output != "-", !OutputFile.isStandardOutput(FilePath(output)) else {
      context.output.write(bytes)
      return false
    }
    return try OutputFile.write(bytes, to: FilePath(output))
  }
}
