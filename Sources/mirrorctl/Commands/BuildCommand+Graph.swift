import ArgumentParser
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder

/// Several builds as one graph.
extension BuildCommand {
  func buildGraph(
    _ run: MirrorRun, _ settings: RotationSettings, _ line: BuildLine, _ context: CommandContext,
    _ event: RunEvent
  ) throws -> ExitStatus {
    let selection = try selected.selection(line, run, settings, options.global, context)
    if options.preview.dryRun { return try pretend(selection, run, context) }
    let renderer = options.global.renderer(context)
    var result = GraphReport(mirror: "\(run.root)")
    (result.inProgress, result.givenUp) = (selection.inProgress, selection.givenUp)
    var receiver = GraphRun.Receiver()
    receiver.target = { request, target in
      renderer.print(ReportLine(target.line(of: request.label)))
    }
    receiver.request = { request, report in
      result.add(report)
      options.global.record(report, of: request, run, event, context)
      for line in report.lines { renderer.print(line) }
      report.notes(ofSeveral: true).forEach(context.message)
      options.global.offer(report, run, context)
      options.global.notices(of: report, settings).forEach(context.message)
      if !report.isCurrent { event.tell(report, context) }
    }
    let share = parallel.share
    let graph = GraphRun(selection.requests, try options.buildContext(run, share, context), jobs: share.jobs)
    let progress = GraphProgress()
    renderer.showing(progress) { graph.apply(receiver, progress) }
    return try renderer.print(result)
  }

  /// Prints what would be built.
  func pretend(
    _ selection: BuildSelection, _ run: MirrorRun, _ context: CommandContext
  ) throws -> ExitStatus {
    try options.global.pretend(
      selection, format, try options.buildContext(run, parallel.share, context), context)
  }
}
