import LinuxSystem
import ArgumentParser
import FoundationEssentials
import MirrorTools
import StageBuilder
import SystemPackage

/// A verb that runs the configured hooks when it ends, after its locks are released.
protocol ReportedVerb: Verb {
  /// Does the work, and stores the report for the hooks in `event`.
  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus
}

extension ReportedVerb {
  func run(_ context: CommandContext) throws -> ExitStatus {
    let event = RunEvent(verb: Self.configuration.commandName ?? "")
    do {
      let status = try perform(context, event)
      event.tell(status, [], context)
      return status
    } catch let error as MirrorError {
      event.tell(ExitStatus(error), [error.text(\.commandLine)], context)
      throw error
    }
  }
}

/// The result of a run, for the hooks and the catalog.
final class RunEvent {
  let verb: String
  private var run: (hooks: HookSettings, root: FilePath)?
  /// What the verb prints with `--json`; nil if it has nothing to report.
  var report: (any Report)?
  /// Whether the hooks were run for single builds.
  private var hasBuilt = false

  init(verb: String) { self.verb = verb }

  /// Stores the hooks and the mirror's root before the mirror is opened.
  func begin(_ configuration: MirrorConfiguration, _ root: FilePath) {
    run = (configuration.hooks, root)
  }

  /// Runs the hooks for one of several builds, as at the end of a run with this build alone.
  func tell(_ build: BuildReport, _ context: CommandContext) {
    guard let run else { return }
    hasBuilt = true
    runHooks(of: run, build.status, build, [], context)
    context.messages.forget()
  }

  /// - Parameter faults: the errors that ended the run.
  fileprivate func tell(_ status: ExitStatus, _ faults: [String], _ context: CommandContext) {
    guard let run, status != .busy, !context.cancellation.isCancelled,
      report != nil || hasBuilt || !faults.isEmpty
    else { return }
    // Errors are ignored here: they were reported when the run opened the catalog, and only history is lost.
    try? Catalog.open(for: run.root, in: context.stateDirectory) { _ in }
      .note(run: verb, status: status.rawValue, at: context.now())
    if report != nil || !faults.isEmpty { runHooks(of: run, status, report, faults, context) }
  }

  private func runHooks(
    of run: (hooks: HookSettings, root: FilePath), _ status: ExitStatus, _ report: (any Report)?,
    _ faults: [String], _ context: CommandContext
  ) {
    // A busy lock or an interrupted run is not a failure.
    guard status != .busy, !context.cancellation.isCancelled else { return }
    let (hooks, root) = run
    let event: HookSettings.Event = status == .done ? .success : .failure
    let runner = HookRunner(hooks, context.cancellation)
    guard runner.listens(to: event), context.environment[HookRunner.variable] == nil else { return }
    let body = Body(
      event: event, verb: verb, mirror: "\(root)", host: HostName.current, at: context.now(),
      status: status, messages: context.messages.all + faults, report: report.map { VersionedReport($0) })
    var said: [UInt8] = []
    do {
      let json = try VersionedReport(body).json(isCompact: true, naming: \.commandLine)
      defer { context.errors.write(said) }
      try runner.run(event, of: verb, json: json, said: &said)
    } catch {
      context.message("\(error)")
    }
  }

  private struct Body: Encodable {
    let event: HookSettings.Event
    let verb: String
    let mirror: String
    let host: String
    let at: Int64
    let status: ExitStatus
    /// The messages written to standard error.
    let messages: [String]
    let report: VersionedReport?
  }
}
