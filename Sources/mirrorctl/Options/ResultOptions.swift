import ArgumentParser
import MirrorTools
import SystemPackage

/// How to print results, for verbs that do not work on a mirror.
struct ResultOptions: ParsableArguments {
  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only if something is wrong.")
  var quiet = false

  @OptionGroup var verbosity: VerbosityOptions

  /// Starts logging; returns what prints the verb's report.
  func renderer(_ context: CommandContext) -> Renderer {
    context.log(verbosity.verbose)
    return Renderer(context: context, json: json, quiet: quiet)
  }
}

/// Where to write a result that is a single file.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write to this file instead; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  /// Writes a result to the given file, or to standard output if there is none.
  ///
  /// - Returns: whether a file other than standard output changed.
  @discardableResult
  func write(_ bytes: [UInt8], _ context: CommandContext) throws -> Bool {
    guard let output, output != "-", !OutputFile.isStandardOutput(FilePath(output)) else {
      context.output.write(bytes)
      return false
    }
    return try OutputFile.write(bytes, to: FilePath(output))
  }
}
