import LinuxSystem
import ArgumentParser
import MirrorTools

struct ReceiveCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Move uploads of build servers into the mirror.",
    discussion: """
      For a master mirror that build servers publish to. An upload is received once it is complete; all its \
      files are hashed again before any is moved. Files that a server may not upload are skipped and \
      reported, see [section receive/SERVER] in mirrorctl.conf(5). An incomplete upload is kept and can be \
      resumed.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "Servers to receive uploads from (default: all).", completion: .names(.server))
  var servers: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.write(context, as: "receive", lock, event: event)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) { try ReceiveRun(run, servers).apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
