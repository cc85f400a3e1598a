import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct StatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print one line per subarch: failures, newest date, path, artifacts; failing ones first.",
    discussion: """
      On a terminal, prints a table with the state of each subarch. With --history, prints the last builds of each subarch that the catalog records. With --format \
      prometheus, prints metrics for node_exporter's textfile collector.
      """,
    aliases: ["fails"])

  @OptionGroup var global: GlobalOptions

  @Option(
    name: .long, help: ArgumentHelp("Output format: text, json or prometheus.", valueName: "format"))
  var format: StatusFormat?

  @OptionGroup var destination: OutputOptions

  @Flag(name: .long, help: "Print the lines of Metro's fails instead of a table, also on a terminal.")
  var plain = false

  @Flag(name: .long, help: "Print the last builds of each subarch.")
  var history = false

  @Option(
    in: 1...1_000_000,
    help: ArgumentHelp("With --history: number of builds per subarch (default: 10).", valueName: "n"))
  var last: Int?

  func validate() throws {
    if history, format == .prometheus { throw ValidationError("--history requires --format text or json.") }
    if global.json, let format, format != .json {
      throw ValidationError("--json contradicts --format \(format.rawValue).")
    }
    if last != nil, !history { throw ValidationError("--last requires --history.") }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let mirror = try run.scan()
    (mirror.futureDates + mirror.strayLinks + mirror.unclaimedFiles.map(mirror.notice(unclaimed:)))
      .forEach(context.tell)
    try destination.write(bytes(mirror, run, context), context)
    return Renderer(context: context, json: isJSON, quiet: global.quiet).end(run.catalogProblems, of: run)
  }

  private var isJSON: Bool { global.json || format == .json }

  /// What to print.
  private func bytes(_ mirror: Mirror, _ run: MirrorRun, _ context: CommandContext) throws -> [UInt8] {
    let renderer = Renderer(context: context, json: isJSON, quiet: global.quiet)
    if history {
      // Builds that are not recorded yet are found in the mirror.
      let known = try run.knownCatalog()?.builds() ?? [:]
      return try renderer.bytes(HistoryReport(mirror, known: known, last: last ?? 10, now: context.now()))
    }
    let farm = run.environment.farm()
    context.notice(farm.summaries)
    if format == .prometheus { return Array(try PrometheusText(run, mirror).text.utf8) }
    let settings = run.configuration.rotation
    let report = StatusReport(mirror, settings, farm: farm, today: context.today)
    guard let screen = context.screen, !isJSON, !plain, destination.output == nil else {
      return try renderer.bytes(report)
    }
    let corrupt = try run.existingCatalog?.corrupt(in: mirror) ?? []
    let table = StatusTable(report: report, settings: settings, corrupt: corrupt)
    return table.lines(on: screen).flatMap { Array("\($0)\n".utf8) }
  }
}
