import MirrorModel
import LinuxSystem
import MirrorTools
import SystemPackage

/// One run of the builder: builds the targets of a request in order.
public struct BuildRun: Sendable {
  private let request: BuildRequest
  private let context: BuildContext

  /// Nothing happens before ``plan()`` or ``apply()``.
  public init(_ request: BuildRequest, _ context: BuildContext) {
    self.request = request
    self.context = context
  }

  /// What ``apply()`` would do.
  ///
  /// - Throws: the errors in the configuration.
  public func plan() throws -> BuildPlan {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let request = try TreeVersion.settle(request, context)
    let targets = try BuildTargets(request, context, anchor)
    try targets.check(anchor)
    return BuildPlan(
      build: request.description, targets: try targets.plan(anchor),
      isCurrent: try request.revision != nil && targets.areDone(anchor))
  }

  /// What ``apply()`` would build, and why.
  ///
  /// - Throws: the errors in the configuration.
  public func why() throws -> WhyReport {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let request = try TreeVersion.settle(request, context)
    let targets = try BuildTargets(request, context, anchor)
    try targets.check(anchor)
    let inquiry = BuildInquiry(request: request, context: context, anchor: anchor)
    return WhyReport(build: request.description, targets: try inquiry.answers(targets.members))
  }

  /// Builds.
  ///
  /// - Parameter each: receives each target when it ends.
  /// - Returns: how the build ended; all errors are in the report.
  public func apply(each: (BuildReport.Target) -> Void = { _ in }) -> BuildReport {
    var report = BuildReport(mirror: "\(context.root)", of: request)
    do {
      let request = try TreeVersion.settle(request, context)
      report.settle(request)
      try BuildRun(request, context).build(&report, each)
    } catch {
      report.outcome = BuildOutcome(of: error, otherwise: .aborted, context.cancellation)
      report.problem = context.text(error)
      report.isRefused = (error as? MirrorError)?.code == .refused
    }
    return report
  }

  /// Builds a request whose version is settled.
  private func build(_ report: inout BuildReport, _ each: (BuildReport.Target) -> Void) throws {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let targets = try BuildTargets(request, context, anchor)
    try targets.check(anchor)
    if request.revision != nil, try targets.areDone(anchor) {
      report.isCurrent = true
      return
    }
    let scripts = try begin(targets.shared, &report)
    try run(targets, anchor, &report, scripts.path, each)
  }

  /// Checks whether anything can be built here, before anything counts as a failure.
  ///
  /// - Returns: the directory for the scripts of host steps.
  private func begin(_ shared: BuildSettings, _ report: inout BuildReport) throws -> WorkDirectory {
    report.network = try StepRunner.network(shared).rawValue
    let runs = try shared.temporary.appending("run")
    let scripts = try WorkDirectory(runs.appending("\(OwnProgram.pid)"), cancellation: context.cancellation)
    report.warnings += WorkDirectory.sweeping(runs, context.cancellation)
    try checkSandbox(scripts.path)
    return scripts
  }

  private func run(
    _ targets: BuildTargets, _ anchor: Shared<AnchoredDirectory>, _ report: inout BuildReport,
    _ scripts: FilePath, _ each: (BuildReport.Target) -> Void
  ) throws {
    let names = targets.names
    guard let path = request.path, names != ["snapshot"] else {
      run(targets, anchor, nil, scripts, &report, each)
      return
    }
    let records = VersionRecords(path, version: request.version.description, root: anchor)
    let lock = ProgressFile(".multi_progress", probe: context.probe, clock: context.now)
    let control = try records.control()
    try lock.take(in: control)
    defer { lock.drop(in: control) }
    if try records.isWithdrawn() {
      throw MirrorError(
        .invalid, "\(anchor.value.displayed(records.version))", "was withdrawn, so it is not built again",
        remedy: "build another version")
    }
    if try targets.shared.makesCandidates, try targets.shared.isOfficial {
      try records.writeCandidacy(at: context.now())
    }
    try records.write(targets: names.filter { $0 != "snapshot" })
    try records.write([])
    run(targets, anchor, records, scripts, &report, each)
    let isOfficial = try targets.shared.isOfficial
    switch report.outcome {
    case .done where !isOfficial && report.targets.allSatisfy(\.wasThere): break
    case .done:
      if isOfficial { offerPackages(&report) }
      try records.write(isDone: true, counting: isOfficial)
    case .failed where !report.failsSubarch:
      if try !records.hasStatus() { try records.write(isDone: false, counting: false) }
    case .failed: report.failcount = try records.write(isDone: false, counting: isOfficial)
    case .aborted, .busy, .interrupted: break
    }
  }

  /// Puts the packages of a finished build into the mirror. A failure does not fail the build: the next one of the
  /// subarch tries again.
  private func offerPackages(_ report: inout BuildReport) {
    for offer in report.offers.sorted(by: { $0.cache.string < $1.cache.string }) {
      do throws(MirrorError) {
        let done = try offer.apply(context)
        report.packages = (report.packages ?? []) + done.taken
        report.warnings += done.problems.map { context.text($0) }
        if !done.problems.isEmpty { report.lacksPackages = true }
      } catch {
        report.warnings.append(context.text(error))
        report.lacksPackages = true
      }
    }
  }

  /// Throws if this machine cannot build at all, before anything counts as a failure.
  private func checkSandbox(_ scripts: FilePath) throws(MirrorError) {
    let script = SandboxPlan.Script(name: "check", text: "#!/bin/sh\n")
    let plan = SandboxPlan(root: nil, script: script, scriptDirectory: scripts.string)
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let end = try context.sandbox.run(plan, output: null, cancellation: context.cancellation)
    guard end == .exited(0) else {
      throw MirrorError(
        .invalid, "the sandbox", "cannot run /bin/sh on this machine", remedy: "see \(run: .doctor)")
    }
  }

  private func run(
    _ targets: BuildTargets, _ anchor: Shared<AnchoredDirectory>, _ records: VersionRecords?,
    _ scripts: FilePath, _ report: inout BuildReport, _ each: (BuildReport.Target) -> Void
  ) {
    for target in targets.members.map(\.target) {
      let missing = Set(report.targets.filter { $0.outcome != .done }.map(\.name))
      let run = TargetRun(
        planned: target, request: request, context: context, anchor: anchor, records: records,
        scripts: scripts, missing: missing.union(request.leftOut))
      var entry = run.apply(&report)
      if target.isOptional, (try? targets.shared.isOfficial) == true {
        count(&entry, records, &report.warnings)
      }
      report.targets.append(entry)
      each(entry)
      guard entry.outcome != .done, !target.isOptional || entry.outcome == .interrupted else { continue }
      report.outcome = entry.outcome
      return
    }
    // Nothing was done if all targets are optional, and none was built.
    if let last = report.targets.last, report.targets.allSatisfy({ $0.isOptional && $0.outcome != .done }) {
      report.outcome = last.outcome
    }
  }

  /// Counts the failure of an optional target, or forgets earlier ones.
  private func count(
    _ entry: inout BuildReport.Target, _ records: VersionRecords?, _ warnings: inout [String]
  ) {
    do {
      switch entry.outcome {
      case .done: try records?.write(target: entry.name, isDone: true)
      case .failed: entry.failcount = try records?.write(target: entry.name, isDone: false)
      case .aborted, .busy, .interrupted: break
      }
    } catch { warnings.append(context.text(error)) }
  }
}
