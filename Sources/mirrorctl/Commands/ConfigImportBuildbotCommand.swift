import ArgumentParser
import MirrorTools
import SystemPackage

struct ConfigImportBuildbotCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "import-buildbot",
    abstract: "Print the [section rotation] that means the same as a ~/.buildbot of Metro.",
    discussion: "The file is Python and is run by the host's python3, in a process of its own.")

  @Argument(help: "The file: ~/.buildbot.", completion: .file()) var file: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let imported = try BuildbotImport(FilePath(file).absolute, now: context.now())
    context.output.write(Array(imported.text.utf8))
    for warning in imported.warnings { context.message(warning) }
    return imported.warnings.isEmpty ? .done : .partial
  }
}
