import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools
import StageBuilder

struct BuildCommand: ReportedVerb, RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Build the given stages, the next build of the rotation, or all that are due.",
    usage: """
      mirrorctl build [<options>] [<build> <arch> <subarch> [<mode>[+<extras>]] [<version>]] [<name>: <value> ...]
      mirrorctl build [<options>] <build>/<arch>/<subarch> ... [<mode>[+<extras>]] [<version>] [<name>: <value> ...]
      mirrorctl build [<options>] --due | --all [<name>: <value> ...]
      """,
    discussion: """
      mirrorctl build funtoo-current x86-64bit generic_64
      mirrorctl build funtoo-current x86-64bit generic_64 full+openvz 2026-11-23
      mirrorctl build funtoo-current/x86-64bit/generic_64 funtoo-current/x86-64bit/core2 --jobs 2
      mirrorctl build --due --jobs 4

      Modes are full, freshen, quick and stage1. A version is a date (2026-11-23) or a moment in UTC \
      (20261123T170302Z); without one, it is today's date, or the time of the package tree's newest commit \
      (build/version: commit). A build first creates the snapshot if none of that version exists. Targets \
      whose tarball exists are not built again. Without arguments, the build printed by \
      `mirrorctl nextbuild` is run. Several builds are made as one graph: each target starts when those that it \
      needs are done.
      """)

  @OptionGroup var options: BuildOptions
  @OptionGroup var parallel: BuildShareOptions
  @OptionGroup var selected: SelectionOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Build only this target of the build, from what exists.", valueName: "name"))
  var target: String?

  @Flag(name: .long, help: "Only print what would be built, and which inputs changed.")
  var why = false

  @Option(name: .long, help: ArgumentHelp("Format of --pretend: text or dot.", valueName: "format"))
  var format: GraphFormat?

  @Argument(
    help: ArgumentHelp("What to build, and elements to define.", valueName: "what"),
    completion: .names(.buildWords))
  var words: [String] = []

  var needsRoot: Bool { !options.preview.dryRun }

  func validate() throws {
    if format != nil && !options.preview.dryRun { throw ValidationError("--format requires --pretend.") }
    if format == .dot && options.global.json { throw ValidationError("--format dot excludes --json.") }
  }

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let line = try BuildLine(words)
    let run = try options.global.read(context, event: event)
    let settings = selected.rotation.settings(over: run.configuration.rotation)
    let isGraph = selected.isGraph(line)
    guard !why || !isGraph && !line.names.isEmpty else {
      throw ValidationError("--why needs BUILD ARCH SUBARCH [MODE] [VERSION].")
    }
    guard target == nil || !isGraph && !why && !line.names.isEmpty else {
      throw ValidationError("--target needs BUILD ARCH SUBARCH [MODE] [VERSION].")
    }
    if isGraph { return try buildGraph(run, settings, line, context, event) }
    guard !line.names.isEmpty else { return try buildNext(run, settings, line, context, event) }
    let request = try request(line, context)
    if why {
      let report = try BuildRun(request, try options.buildContext(run, parallel.share, context)).why()
      return try options.global.renderer(context).print(report)
    }
    if format == .dot { return try pretend(BuildSelection(requests: [request]), run, context) }
    return try options.perform(request, run, settings, parallel.share, context, event)
  }

  /// What `BUILD ARCH SUBARCH [MODE] [VERSION]` asks for.
  func request(_ line: BuildLine, _ context: CommandContext) throws -> BuildRequest {
    guard (3...5).contains(line.names.count) else {
      throw ValidationError(
        "Give BUILD ARCH SUBARCH [MODE] [VERSION], or no arguments for the next build of the rotation.")
    }
    let (mode, version) = try line.modeAndVersion(line.names[3...])
    return try BuildRequest(
      build: line.names[0], arch: line.names[1], subarch: line.names[2], mode: mode,
      version: version ?? VersionDate(context.today), isDefault: version == nil,
      definitions: line.definitions
    ).only(target)
  }

  /// Builds the first subarch of the rotation for which there is something new.
  private func buildNext(
    _ run: MirrorRun, _ settings: RotationSettings, _ line: BuildLine, _ context: CommandContext,
    _ event: RunEvent
  ) throws -> ExitStatus {
    let (mirror, renderer) = (try run.scan(), options.global.renderer(context))
    mirror.unknownNames.forEach(context.tell)
    var current: Set<MirrorPath> = []
    while true {
      let plan = try NextBuildPlan(mirror, settings, today: context.today, excluding: current)
      if current.isEmpty, !options.global.quiet { context.notice(plan.notices(naming: \.commandLine)) }
      guard let next = plan.next else {
        renderer.print("Builds are current.")
        return try renderer.print(plan)
      }
      let request = try BuildRequest(next, definitions: line.definitions)
      if format == .dot { return try pretend(BuildSelection(requests: [request]), run, context) }
      let work = try options.work(on: request, run, parallel.share, context)
      guard work.isCurrent else { return try options.finish(work, request, run, settings, context, event) }
      for line in work.lines { renderer.print(line) }
      current.insert(next.path)
    }
  }
}
