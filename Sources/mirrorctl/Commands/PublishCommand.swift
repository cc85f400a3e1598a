import LinuxSystem
import ArgumentParser
import MirrorTools

struct PublishCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Send the mirror to other hosts, in an order that is safe for downloaders.",
    discussion: """
      Destinations are configured in [section publish/NAME]. Tarballs are sent first, then the files that \
      name them; files deleted here are deleted there last, after a grace period.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var preview: DryRunOptions

  @Option(
    of: SubsetArgument.self,
    help: ArgumentHelp(
      "Also compare the content of files whose size and time are unchanged: 100%, 5%, 50G or 2/7.",
      valueName: "part"))
  var check: SubsetArgument?

  @Argument(
    help: "Destinations, as named in the configuration (default: all).", completion: .names(.destination))
  var names: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.open(context, as: "publish", lock, isDryRun: preview.dryRun, event: event)
    let publish = PublishRun(run, names, check: check.map { .part($0.subset) } ?? .none)
    let renderer = global.renderer(context)
    guard !preview.dryRun else { return try renderer.print(publish.plan(), of: run) }
    let report = try renderer.showing(run.environment.progress) { try publish.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
