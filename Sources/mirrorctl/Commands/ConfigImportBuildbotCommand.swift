import ArgumentParser
import MirrorTools
import SystemPackage

struct ConfigImportBuildbotCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "import-buildbot",
    abstract: "Convert a ~/.buildbot of Metro to a [section rotation] and print it.",
    discussion: "The file is Python code, which the host's python3 runs in a separate process.")

  @Argument(help: "The file, e.g. ~/.buildbot.", completion: .file()) var file: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let imported = try BuildbotImport(FilePath(file).absolute, now: context.now())
    context.output.write(Array(imported.text.utf8))
    for warning in imported.warnings { context.message(warning) }
    return imported.warnings.isEmpty ? .done : .partial
  }
}
