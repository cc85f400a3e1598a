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
    guard due || all else {
      return try build(requests(of: line, run, settings, context), run, settings, [], [], context, event)
    }
    guard line.names.isEmpty else {
      throw ValidationError("--due and --all take no names: give either of them, or subarches.")
    }
    let mirror = try run.scan()
    mirror.unknownNames.forEach(context.tell)
    let queue = RotationQueue(mirror, settings, today: context.today)
    let (next, inProgress) = try queue.builds(due ? .due : .all)
    if !options.global.quiet { context.notice(queue.notices(inProgress, naming: \.commandLine)) }
    if next.isEmpty { options.global.renderer(context).print("Builds are current.") }
    let requests = try next.map { try BuildRequest($0, definitions: line.definitions) }
    return try build(requests, run, settings, inProgress, queue.givenUp, context, event)
  }

  /// The requests of words such as `BUILD/ARCH/SUBARCH`, or of directories above, which stand for all subarches of the
  /// rotation in them.
  private func requests(
    of line: BuildLine, _ run: MirrorRun, _ settings: RotationSettings, _ context: CommandContext
  ) throws -> [BuildRequest] {
    let words = line.names.prefix { $0.contains("/") }
    let (mode, version) = try line.modeAndVersion(line.names[words.endIndex...])
    var subarches: [MirrorPath] = []
    for word in words {
      let path = try run.path(word)
      let found = path.isSubarch ? [path] : try managed(in: path, word, run, settings)
      subarches += found.filter { !subarches.contains($0) }
    }
    return try subarches.map { path in
      let names = path.components.map(\.description)
      return try BuildRequest(
        build: names[0], arch: names[1], subarch: names[2], mode: mode,
        version: version ?? VersionDate(context.today), isDefault: version == nil,
        definitions: line.definitions)
    }
  }

  private func managed(
    in path: MirrorPath, _ word: String, _ run: MirrorRun, _ settings: RotationSettings
  ) throws -> [MirrorPath] {
    let found = settings.managed(in: try run.scan()).map(\.path).filter { $0.isWithin(path) }
    guard found.isEmpty else { return found }
    throw MirrorError(
      .invalid, word, "is not a subarch, and contains none of the rotation",
      remedy: "give BUILD/ARCH/SUBARCH, or a directory above")
  }

  private func build(
    _ requests: [BuildRequest], _ run: MirrorRun, _ settings: RotationSettings, _ inProgress: [MirrorPath],
    _ givenUp: [NextBuildPlan.GivenUp], _ context: CommandContext, _ event: RunEvent
  ) throws -> ExitStatus {
    if options.pretend { return try pretend(requests, run, inProgress, givenUp, context) }
    let renderer = options.global.renderer(context)
    var result = GraphReport(mirror: "\(run.root)")
    (result.inProgress, result.givenUp) = (inProgress, givenUp)
    var receiver = GraphRun.Receiver()
    receiver.target = { request, target in
      renderer.print(ReportLine(target.line(of: request.label)))
    }
    receiver.request = { request, report in
      result.add(report)
      options.record(report, of: request, run, event, context)
      for line in report.lines { renderer.print(line) }
      report.notes(ofSeveral: true).forEach(context.message)
      options.offer(report, run, context)
      options.notices(of: report, settings).forEach(context.message)
      if !report.isCurrent { event.tell(report, context) }
    }
    let share = parallel.share
    let graph = GraphRun(requests, try options.buildContext(run, share, context), jobs: share.jobs)
    let progress = GraphProgress()
    renderer.showing(progress) { graph.apply(receiver, progress) }
    return try renderer.print(result)
  }

  /// Prints what would be built.
  func pretend(
    _ requests: [BuildRequest], _ run: MirrorRun, _ inProgress: [MirrorPath],
    _ givenUp: [NextBuildPlan.GivenUp], _ context: CommandContext
  ) throws -> ExitStatus {
    let renderer = options.global.renderer(context)
    var plan = try GraphRun(requests, try options.buildContext(run, parallel.share, context)).plan()
    (plan.inProgress, plan.givenUp) = (inProgress, givenUp)
    guard format == .dot else { return try renderer.print(plan) }
    context.output.write(Array(plan.dot.utf8))
    return renderer.end(plan)
  }
}
