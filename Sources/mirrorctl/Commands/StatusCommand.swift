import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct StatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print a line a subarch: failures, newest date, path, artifacts; failing ones first.",
    discussion: """
      With --history the last builds of each subarch, as far as the catalog remembers them. With --format \
      prometheus metrics for node_exporter's textfile collector.
      """,
    aliases: ["fails"])

  @OptionGroup var global: GlobalOptions

  @Option(name: .long, help: ArgumentHelp("How: text, json or prometheus.", valueName: "format"))
  var format: StatusFormat?

  @OptionGroup var destination: OutputOptions

  @Flag(name: .long, help: "Print the last builds of each subarch.")
  var history = false

  @Option(name: .long, help: ArgumentHelp("So many builds of each subarch.", valueName: "n"))
  var last = 10

  func validate() throws {
    if history, format == .prometheus { throw ValidationError("--history is text or json.") }
    if last < 1 { throw ValidationError("--last wants a number from 1.") }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    for oddity in mirror.futureDates { session.tell(oddity) }
    let text = try history ? historyText(mirror, session) : statusText(mirror, session)
    try destination.write(Array(text.utf8), context)
    return session.report(session.catalogProblems, mirror: mirror)
  }

  private func statusText(_ mirror: Mirror, _ session: borrowing MirrorSession) throws -> String {
    let context = session.context
    let report = StatusReport(mirror, session.configuration.rotation, today: context.today)
    switch format ?? (global.json ? .json : .text) {
    case .text: return report.lines.map { $0 + "\n" }.joined()
    case .json: return try json(report)
    case .prometheus:
      let catalog = try session.knownCatalog()
      return PrometheusText(
        report, corrupt: try catalog?.corrupt(in: mirror).count, problems: mirror.problems.count,
        runs: try catalog?.runs() ?? [:], key: session.signingKey,
        targets: session.configuration.publishing.map(\.name), now: context.now()
      ).text
    }
  }

  private func historyText(_ mirror: Mirror, _ session: borrowing MirrorSession) throws -> String {
    let catalog = try session.knownCatalog()
    // What nobody wrote down yet is seen in the mirror.
    let report = HistoryReport(
      mirror, known: try catalog?.builds() ?? [:], last: last, now: session.context.now())
    if format == .json || global.json { return try json(report) }
    return HistoryText(report).lines.map { $0 + "\n" }.joined()
  }
}

extension MirrorSession {
  /// The key that signs, as gpg knows it; nil where there is none, or gpg does not tell.
  fileprivate var signingKey: SigningKey? {
    configuration.signing.flatMap { try? PublicKeyFile.listed($0, cancellation: context.cancellation) }
  }
}

/// How `status` prints.
enum StatusFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, prometheus
}
