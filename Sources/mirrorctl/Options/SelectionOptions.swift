import ArgumentParser
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder

/// Which builds to make: those of the rotation, or subarches that are named.
struct SelectionOptions: ParsableArguments {
  @OptionGroup var rotation: RotationOptions

  @Flag(name: .long, help: "Build all subarches of the rotation that are due.")
  var due = false

  @Flag(name: .long, help: "Build all subarches of the rotation, due or not, except for those given up.")
  var all = false

  func validate() throws {
    if due && all { throw ValidationError("--due and --all exclude each other.") }
  }

  /// Whether the words ask for several builds.
  func isGraph(_ line: BuildLine) -> Bool { due || all || line.names.first?.contains("/") ?? false }

  /// The builds that the options and words ask for.
  func selection(
    _ line: BuildLine, _ run: MirrorRun, _ settings: RotationSettings, _ global: GlobalOptions,
    _ context: CommandContext
  ) throws -> BuildSelection {
    guard due || all else { return BuildSelection(requests: try requests(of: line, run, settings, context)) }
    guard line.names.isEmpty else {
      throw ValidationError("--due and --all take no names: give either of them, or subarches.")
    }
    let mirror = try run.scan()
    mirror.unknownNames.forEach(context.tell)
    let queue = RotationQueue(mirror, settings, today: context.today)
    let (next, inProgress) = try queue.builds(due ? .due : .all)
    if !global.quiet { context.notice(queue.notices(inProgress, naming: \.commandLine)) }
    if next.isEmpty { global.renderer(context).print("Builds are current.") }
    return BuildSelection(
      requests: try next.map { try BuildRequest($0, definitions: line.definitions) }, inProgress: inProgress,
      givenUp: queue.givenUp)
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
}

/// Builds to make.
struct BuildSelection {
  var requests: [BuildRequest]
  /// Subarches of the rotation that are being built.
  var inProgress: [MirrorPath] = []
  /// Subarches of the rotation that failed too often.
  var givenUp: [NextBuildPlan.GivenUp] = []
}

extension GlobalOptions {
  /// Prints what would be built.
  func pretend(
    _ selection: BuildSelection, _ format: GraphFormat?, _ build: BuildContext, _ context: CommandContext
  ) throws -> ExitStatus {
    let renderer = renderer(context)
    var plan = try GraphRun(selection.requests, build).plan()
    (plan.inProgress, plan.givenUp) = (selection.inProgress, selection.givenUp)
    guard format == .dot else { return try renderer.print(plan) }
    context.output.write(Array(plan.dot.utf8))
    return renderer.end(plan)
  }
}
