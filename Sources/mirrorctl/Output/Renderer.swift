import LinuxSystem
import MirrorTools

/// Prints reports, as text or as JSON: the only place that does.
struct Renderer {
  let context: CommandContext
  let json: Bool
  /// Whether only what is essential is printed.
  let quiet: Bool

  /// A report in the form that was asked for.
  func bytes(_ report: any Report) throws -> [UInt8] {
    if json { return try VersionedReport(report).json(naming: \.commandLine) }
    return report.lines.filter { $0.isEssential || !quiet }.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
  }

  /// Prints a report, tells what is wrong, and returns the exit status.
  ///
  /// - Parameter run: the run that it is of, if it is of a mirror.
  @discardableResult
  func print(_ report: any Report, of run: MirrorRun? = nil) throws -> ExitStatus {
    let bytes = try bytes(report)
    context.progress.clear { context.output.write(bytes) }
    return end(report, of: run)
  }

  /// Tells what is wrong, and returns the exit status.
  func end(_ report: any Report, of run: MirrorRun? = nil) -> ExitStatus {
    report.messages.forEach(context.tell)
    report.notes.forEach(context.message)
    return report.status.worse(run?.status ?? .done)
  }

  /// Tells what is wrong, and returns the exit status of a run that was done but for that.
  func end(_ messages: [MirrorError], of run: MirrorRun) -> ExitStatus {
    messages.forEach(context.tell)
    return run.status.worse(messages.isEmpty ? .done : .partial)
  }

  /// Prints a line that is not part of JSON.
  func print(_ line: ReportLine) {
    guard !json, line.isEssential || !quiet else { return }
    context.progress.clear { context.output.write(line.bytes + [UInt8(ascii: "\n")]) }
  }

  /// Tells what JSON holds besides the result.
  func note(_ texts: [String]) {
    if !json { texts.forEach(context.message) }
  }

  /// Runs `body`, and shows how far it is meanwhile where there is a terminal.
  func showing<Result>(_ progress: RunProgress, _ body: () throws -> Result) rethrows -> Result {
    try ProgressLine.showing(progress, on: context, unless: quiet, body)
  }
}

/// What ended a run, for whoever asked for JSON: standard output is never empty then.
struct FailureReport: Report {
  let error: MirrorError
}
