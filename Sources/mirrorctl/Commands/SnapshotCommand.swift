import MirrorModel
import ArgumentParser
import MirrorTools
import StageBuilder

struct SnapshotCommand: ReportedVerb, RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Make a snapshot of the package tree.",
    usage: "mirrorctl snapshot [<options>] <build> [<version>] [<name>: <value> ...]",
    discussion: """
      mirrorctl snapshot funtoo-current

      The tree comes from a git repository, rsync or a directory, as configured in [section snapshot/source].
      """)

  @OptionGroup var options: BuildOptions
  @OptionGroup var jobs: JobOptions

  @Argument(
    help: ArgumentHelp("The build to make a snapshot for, and elements to define.", valueName: "build"),
    completion: .names(.snapshotWords))
  var words: [String] = []

  var needsRoot: Bool { !options.preview.dryRun }

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let request = try request(context)
    let run = try options.global.read(context, event: event)
    return try options.perform(
      request, run, run.configuration.rotation, BuildShare(threads: jobs.jobs), context, event)
  }

  /// What the words ask for.
  func request(_ context: CommandContext) throws -> BuildRequest {
    let line = try BuildLine(words)
    guard let build = line.names.first else { throw ValidationError("Missing BUILD, e.g. funtoo-current.") }
    let version = try line.version(line.names[1...])
    return try BuildRequest(
      snapshotOf: build, version: version ?? VersionDate(context.today), isDefault: version == nil,
      definitions: line.definitions)
  }
}
