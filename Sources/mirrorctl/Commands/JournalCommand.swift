import ArgumentParser
import MirrorModel
import MirrorTools

struct JournalCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "journal",
    abstract: "Print who added, built, published or removed what, when and why.",
    discussion: """
      mirrorctl journal --since 2026-11-01 funtoo-current

      Verbs that change what the mirror offers add entries to the journal in the catalog. Entries are never \
      changed or deleted.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(
    of: TimeArgument.self,
    help: ArgumentHelp(
      "Only entries since this date, or of the last days: 2026-11-22, 20261122T170302Z or 30d.",
      valueName: "time"))
  var since: TimeArgument?

  @Option(in: 1...1_000_000, help: ArgumentHelp("Only the newest entries.", valueName: "n"))
  var last: Int?

  @Argument(
    help: "Only entries about these paths, and about directories above and below them (default: all).",
    completion: .names(.place))
  var paths: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let report = try run.journal(
      of: try run.paths(paths), since: since?.seconds(at: context.now()) ?? .min, last: last)
    return try global.renderer(context).print(report, of: run)
  }
}
