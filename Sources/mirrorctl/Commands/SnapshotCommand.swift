import ArgumentParser
import MirrorTools
import StageBuilder

struct SnapshotCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Make a snapshot of the package tree.",
    usage: "mirrorctl snapshot [<options>] <build> [<date>] [<name>: <value> ...]",
    discussion: """
      mirrorctl snapshot funtoo-current

      The tree comes from a git repository, by rsync, or from a directory: [section snapshot/source] says it.
      """)

  @OptionGroup var options: BuildOptions

  @Argument(help: ArgumentHelp("What to make a snapshot of, and elements to define.", valueName: "build"))
  var words: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let line = try BuildLine(words)
    guard let build = line.names.first else { throw ValidationError("Name the BUILD.") }
    let request = try BuildRequest(
      snapshotOf: build, version: try line.version(line.names[1...], today: context.today),
      definitions: line.definitions)
    let run = try options.global.read(context, event: event)
    return try options.perform(request, run, run.configuration.rotation, context, event)
  }
}
