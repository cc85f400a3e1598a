import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct StatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print one line per subarch: failures, newest date, path, artifacts; failing ones first.",
    discussion: """
      With --history, prints the last builds of each subarch that the catalog records. With --format \
      prometheus, prints metrics for node_exporter's textfile collector.
      """,
    aliases: ["fails"])

  @OptionGroup var global: GlobalOptions

  @Option(
    name: .long, help: ArgumentHelp("Output format: text, json or prometheus.", valueName: "format"))
  var format: StatusFormat?

  @OptionGroup var destination: OutputOptions

  @Flag(name: .long, help: "Print the last builds of each subarch.")
  var history = false

  @Option(
    in: 1...1_000_000,
    help: ArgumentHelp("With --history: number of builds per subarch (default: 10).", valueName: "n"))
  var last: Int?

  func validate() throws {
    if history, format == .prometheus { throw ValidationError("--history requires --format text or json.") }
    if last != nil, !history { throw ValidationError("--last requires --history.") }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.read(context)
    let mirror = try run.scan()
    (mirror.futureDates + mirror.strayLinks + mirror.unclaimedFiles.map(mirror.notice(unclaimed:)))
      .forEach(context.tell)
    let renderer = Renderer(context: context, json: global.json || format == .json, quiet: global.quiet)
    let report: any Report
    if history {
      // Builds that are not recorded yet are found in the mirror.
      let known = try run.knownCatalog()?.builds() ?? [:]
      report = HistoryReport(mirror, known: known, last: last ?? 10, now: context.now())
    } else {
      let farm = run.environment.farm()
      context.notice(farm.summaries)
      report = StatusReport(mirror, run.configuration.rotation, farm: farm, today: context.today)
    }
    let metrics = format == .prometheus ? try PrometheusText(run, mirror).text : nil
    try destination.write(metrics.map { Array($0.utf8) } ?? renderer.bytes(report), context)
    return renderer.end(run.catalogProblems, of: run)
  }
}
