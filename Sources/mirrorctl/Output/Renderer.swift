import LinuxSystem
import MirrorTools
import StageBuilder

/// Prints reports as text or JSON; nothing else does.
struct Renderer {
  let context: CommandContext
  let json: Bool
  /// Whether to print only essential lines.
  let quiet: Bool

  /// A report as text or JSON, as requested.
  func bytes(_ report: any Report) throws -> [UInt8] {
    if json { return try VersionedReport(report).json(naming: \.commandLine) }
    return report.lines.filter { $0.isEssential || !quiet }.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
  }

  /// Prints a report and its problems, and returns the exit status.
  ///
  /// - Parameter run: the run that made the report, if it works on a mirror.
  @discardableResult
  func print(_ report: any Report, of run: MirrorRun? = nil) throws -> ExitStatus {
    let bytes = try bytes(report)
    context.progress.clear { context.output.write(bytes) }
    return end(report, of: run)
  }

  /// Prints a report's problems, and returns the exit status.
  func end(_ report: any Report, of run: MirrorRun? = nil) -> ExitStatus {
    report.messages.forEach(context.tell)
    report.notes.forEach(context.message)
    return report.status.worse(run?.status ?? .done)
  }

  /// Prints problems, and returns the exit status of a run that is otherwise done.
  func end(_ messages: [MirrorError], of run: MirrorRun) -> ExitStatus {
    messages.forEach(context.tell)
    return run.status.worse(messages.isEmpty ? .done : .partial)
  }

  /// Prints a line, unless the output is JSON.
  func print(_ line: ReportLine) {
    guard !json, line.isEssential || !quiet else { return }
    context.progress.clear { context.output.write(line.bytes + [UInt8(ascii: "\n")]) }
  }

  /// Prints notes, unless the output is JSON, which contains them.
  func note(_ texts: [String]) {
    if !json { texts.forEach(context.message) }
  }

  /// Runs `body`, and shows its progress if there is a terminal.
  func showing<Result>(_ progress: RunProgress, _ body: () throws -> Result) rethrows -> Result {
    try ProgressLine.showing(progress, on: context, unless: quiet, body)
  }
}

extension Renderer {
  /// Runs `body`, and shows the targets that are being built if there is a terminal.
  func showing<Result>(_ progress: GraphProgress, _ body: () throws -> Result) rethrows -> Result {
    try GraphTable.showing(progress, on: context, unless: quiet, body)
  }
}

/// The error that ended a run, for `--json`, whose output is never empty.
struct FailureReport: Report {
  let error: MirrorError
}
