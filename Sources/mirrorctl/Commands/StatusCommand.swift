import ArgumentParser
import MirrorTools

struct StatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print a line a subarch: failures, newest date, path, artifacts; failing ones first.",
    aliases: ["fails"])

  @OptionGroup var global: GlobalOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    let report = StatusReport(mirror, today: context.today)
    if global.json { try context.print(json: report) } else { report.lines.forEach(context.print) }
    return session.report([], mirror: mirror)
  }
}
