import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// A request while its targets are built: its lock, its records and its report. It begins with the first target and ends
/// with the last one.
final class BuildSession {
  let facts: RequestFacts
  private(set) var report: BuildReport
  /// Whether no further target is built.
  private(set) var isStopped = false
  private(set) var hasEnded = false

  private let context: BuildContext
  private let anchor: Shared<AnchoredDirectory>
  private let records: VersionRecords?
  private let lock: ProgressFile
  /// Where the lock is, while it is held.
  private var control: Shared<AnchoredDirectory>?
  private var hasBegun = false

  init(_ facts: RequestFacts, _ context: BuildContext, _ anchor: Shared<AnchoredDirectory>) {
    self.facts = facts
    self.context = context
    self.anchor = anchor
    report = BuildReport(mirror: "\(context.root)", of: facts.request)
    report.isCurrent = facts.isCurrent
    isStopped = facts.isCurrent
    records = facts.records.map {
      VersionRecords($0, version: facts.request.version.description, root: anchor)
    }
    lock = ProgressFile(".multi_progress", probe: context.probe, clock: context.now)
  }

  /// Takes the lock, and writes what is planned; false, with the reason in the report, if the request cannot be built now.
  func begin(_ engine: any BuildEngine) -> Bool {
    guard !hasBegun else { return !isStopped }
    hasBegun = true
    do {
      report.network = facts.network.rawValue
      report.warnings += try engine.prepare(facts)
      guard let records else { return true }
      let control = Shared(try records.control())
      try lock.take(in: control.value)
      self.control = control
      if try records.isWithdrawn() {
        throw MirrorError(
          .invalid, "\(anchor.value.displayed(records.version))", "was withdrawn, so it is not built again",
          remedy: "build another version")
      }
      if facts.makesCandidates, facts.isOfficial { try records.writeCandidacy(at: context.now()) }
      try records.write(targets: facts.targets.map(\.name).filter { $0 != "snapshot" })
      try records.write([])
      return true
    } catch {
      stop(error)
      drop()
      return false
    }
  }

  /// The order for one of the targets.
  func node(_ id: Int, _ target: TargetFacts) -> BuildNode {
    let missing = report.targets.filter { $0.outcome != .done }.map(\.name)
    return BuildNode(
      id: id, request: facts.request, target: target.target, temporary: facts.temporary, room: facts.room,
      isThere: target.isThere, records: facts.records, earlier: report.targets.compactMap(\.path),
      missing: facts.request.leftOut.union(missing))
  }

  /// Adds a target that ended.
  func take(_ end: TargetEnd) -> BuildReport.Target {
    var end = end
    if end.entry.isOptional, facts.isOfficial { count(&end) }
    report.add(end)
    if !end.found.failedPackages.isEmpty { try? records?.write(report.failedPackages) }
    let entry = end.entry
    if entry.outcome != .done, !entry.isOptional || entry.outcome == .interrupted {
      if !isStopped { report.outcome = entry.outcome }
      isStopped = true
    }
    return entry
  }

  /// Adds a snapshot that another request made.
  func share(_ entry: BuildReport.Target) {
    guard !hasEnded else { return }
    var found = BuildReport.Target(name: entry.name, outcome: .done, isOptional: false)
    found.wasThere = true
    found.path = entry.path
    report.targets.append(found)
  }

  /// Notes that a target is not built.
  ///
  /// - Parameter cause: the target that failed or was not built, and how it ended.
  func leave(_ target: TargetFacts, because cause: LeftOut) {
    guard !isStopped else { return }
    guard target.target.isOptional else {
      report.outcome = cause.outcome
      if cause.outcome != .interrupted {
        report.problem =
          "\(target.name) is not started: it needs \(cause.name), which \(cause.text)"
      }
      isStopped = true
      return
    }
    guard cause.outcome != .interrupted else { return }
    var entry = BuildReport.Target(name: target.name, outcome: cause.outcome, isOptional: true)
    entry.problem =
      "\(target.name): is not built: it is made from \(cause.name), which this build lacks: "
      + "build \(cause.name) first"
    report.targets.append(entry)
  }

  /// Ends it without another target, because of an error.
  func stop(_ error: any Error) {
    guard !isStopped else { return }
    isStopped = true
    report.fail(error, context)
  }

  /// Interrupts it, unless all targets are built.
  func interrupt() {
    guard !isStopped else { return }
    isStopped = true
    report.outcome = .interrupted
  }

  /// Records how it ended, and releases the lock.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    // Nothing was done if all targets are optional, and none was built.
    if report.outcome == .done, let last = report.targets.last,
      report.targets.allSatisfy({ $0.isOptional && $0.outcome != .done })
    {
      report.outcome = last.outcome
    }
    do {
      if control != nil, let records { try write(records) }
    } catch { report.fail(error, context) }
    drop()
  }

  private func write(_ records: VersionRecords) throws {
    switch report.outcome {
    case .done where !facts.isOfficial && report.targets.allSatisfy(\.wasThere): break
    case .done:
      if facts.isOfficial { offerPackages() }
      if facts.isLast { try records.write(isDone: true, counting: facts.isOfficial) }
    case .failed where !report.failsSubarch:
      if try facts.request.only == nil && !records.hasStatus() {
        try records.write(isDone: false, counting: false)
      }
    case .failed: report.failcount = try records.write(isDone: false, counting: facts.isOfficial)
    case .aborted, .busy, .interrupted: break
    }
  }

  private func drop() {
    if let control { lock.drop(in: control.value) }
    control = nil
  }

  /// Counts the failure of an optional target, or forgets earlier ones.
  private func count(_ end: inout TargetEnd) {
    do {
      switch end.entry.outcome {
      case .done: try records?.write(target: end.entry.name, isDone: true)
      case .failed: end.entry.failcount = try records?.write(target: end.entry.name, isDone: false)
      case .aborted, .busy, .interrupted: break
      }
    } catch { end.found.warnings.append(context.text(error)) }
  }

  /// Puts the packages of a finished build into the mirror. A failure does not fail the build: the next one of the
  /// subarch tries again.
  private func offerPackages() {
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
}

/// Why a target is not built: another one that failed, or was not built itself.
struct LeftOut {
  /// Its name, with its subarch if that is another one.
  var name: String
  /// How the target that is not built ends.
  var outcome: BuildOutcome

  /// - Parameter cause: how the other one ended.
  init(_ name: String, cause: BuildOutcome) {
    self.name = name
    outcome = cause == .busy || cause == .interrupted ? cause : .aborted
  }

  /// What happened to the other one, as part of a sentence.
  var text: String {
    switch outcome {
    case .busy: "another run builds"
    case .interrupted: "was interrupted"
    case .done, .failed, .aborted: "failed"
    }
  }
}
