import LinuxSystem
import ArgumentParser
import MirrorTools
import StageBuilder
import Synchronization
import SystemPackage

/// Options of the verbs that build.
struct BuildOptions: ParsableArguments {
  @OptionGroup var global: GlobalOptions

  @OptionGroup var preview: DryRunOptions

  @Flag(name: .long, help: "Keep the work directory of a failed build.")
  var keepWork = false

  @Flag(name: .long, help: "Build again what exists, or was built earlier from the same inputs.")
  var rebuild = false

  @Flag(name: .long, help: "Open a shell in the root of a failed step, then clean up.")
  var shell = false

  /// The context for a build in this run.
  func buildContext(
    _ run: MirrorRun, _ share: BuildShare, _ context: CommandContext
  ) throws -> BuildContext {
    var build = try global.buildContext(run, share, context)
    build.keepsWork = keepWork || share.resumes
    build.resumes = share.resumes
    build.rebuilds = rebuild
    // Nobody could exit the shell.
    guard !shell || StandardStream.input.isTerminal else {
      throw ValidationError("--shell needs a terminal as standard input.")
    }
    guard !shell || share.jobs == 1 else { throw ValidationError("--shell needs --jobs 1.") }
    build.opensShell = shell
    return build
  }

  /// Prints the plan, or builds and reports the result.
  ///
  /// - Parameter rotation: sets how often a build may fail.
  func perform(
    _ request: BuildRequest, _ run: MirrorRun, _ rotation: RotationSettings, _ share: BuildShare,
    _ context: CommandContext, _ event: RunEvent
  ) throws -> ExitStatus {
    try finish(work(on: request, run, share, context), request, run, rotation, context, event)
  }

  /// A plan, or a build that ended.
  enum Work {
    case planned(BuildPlan)
    case built(BuildReport)

    /// Whether there is nothing new to build.
    var isCurrent: Bool {
      switch self {
      case .planned(let plan): plan.isCurrent
      case .built(let report): report.isCurrent
      }
    }

    /// Its lines.
    var lines: [ReportLine] {
      switch self {
      case .planned(let plan): plan.lines
      case .built(let report): report.lines
      }
    }
  }

  /// Plans or builds.
  func work(
    on request: BuildRequest, _ run: MirrorRun, _ share: BuildShare, _ context: CommandContext
  ) throws -> Work {
    let build = BuildRun(request, try buildContext(run, share, context), jobs: share.jobs)
    if preview.dryRun { return .planned(try build.plan()) }
    let renderer = global.renderer(context)
    func each(_ target: BuildReport.Target) {
      if target.outcome == .done { renderer.print(ReportLine(target.line(in: "\(run.root)"))) }
    }
    guard share.jobs > 1 else {
      return .built(renderer.showing(run.environment.progress) { build.apply(each: each) })
    }
    let progress = GraphProgress()
    return .built(renderer.showing(progress) { build.apply(progress, each: each) })
  }

  /// Prints the plan, or records and reports the result.
  func finish(
    _ work: Work, _ request: BuildRequest, _ run: MirrorRun, _ rotation: RotationSettings,
    _ context: CommandContext, _ event: RunEvent
  ) throws -> ExitStatus {
    let renderer = global.renderer(context)
    let report: BuildReport
    switch work {
    case .planned(let plan): return try renderer.print(plan)
    case .built(let built): report = built
    }
    event.report = report
    global.record(report, of: request, run, event, context)
    let status = try renderer.print(report)
    global.offer(report, run, context)
    global.notices(of: report, rotation).forEach(context.message)
    return status
  }
}

extension GlobalOptions {
  /// The context for a build or its plan, without special wishes.
  func buildContext(
    _ run: MirrorRun, _ share: BuildShare, _ context: CommandContext
  ) throws -> BuildContext {
    var source = configuration.request(context)
    source.makeJobs = share.makeJobs
    source.definitions = [(name: "path/mirror", value: run.root.string)]
    source.tree = context.specTree
    let isShown = context.showsProgress && !quiet
    var build = BuildContext(
      root: run.root, ownershipRules: try run.configuration.ownershipRules(), source: source,
      jobs: share.threads, now: context.now, cancellation: context.cancellation,
      progress: run.environment.progress
    ) { text in
      if isShown { context.progress.clear { context.errors.write(Array("\(text)\n".utf8)) } }
    }
    build.layout = run.configuration.layout
    build.actionNames = \.commandLine
    build.terminal = context.environment["TERM"]
    build.probe = context.probe
    // Without a catalog, digests are read from their sidecars.
    let catalog = Catalogs(run.root, context)
    build.catalog = { catalog.open() }
    return build
  }
}

/// The catalog of a build, opened on first use.
private final class Catalogs: Sendable {
  private let root: FilePath
  private let context: CommandContext
  private let opened = Mutex<(isTried: Bool, catalog: Catalog?)>((false, nil))

  init(_ root: FilePath, _ context: CommandContext) {
    self.root = root
    self.context = context
  }

  func open() -> Catalog? {
    opened.withLock { opened in
      if !opened.isTried {
        opened.isTried = true
        opened.catalog = try? Catalog.open(for: root, in: context.stateDirectory) { [context] in
          context.tell($0)
        }
      }
      return opened.catalog
    }
  }
}
