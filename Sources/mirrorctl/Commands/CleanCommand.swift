import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools

struct CleanCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Print a shell script that removes old versions and snapshots, or remove them.",
    discussion: """
      What any --keep option keeps stays. These always stay: the newest complete version; what a link, a \
      .control/version file or a remote seed names; what is being built; what is dated in the future or by no \
      date; what a file system is mounted on.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var retention: RetentionOptions

  @Flag(name: .long, help: "Remove them now, after looking at each again.")
  var apply = false

  @Flag(name: .shortAndLong, help: "With --apply: print what would go and remove nothing.")
  var dryRun = false

  func run(_ context: CommandContext) throws -> ExitStatus {
    let writes = apply && !dryRun
    let session =
      writes
      ? try MirrorSession(global, context, verb: "clean", lock: lock) : try MirrorSession(global, context)
    return try session.clean(retention, apply: apply, dryRun: dryRun).status
  }
}

extension MirrorSession {
  /// Runs `clean`, prints its script or what went, and sums it up.
  func clean(
    _ retention: RetentionOptions, apply: Bool, dryRun: Bool = false, isStep: Bool = false
  ) throws -> StepResult {
    let planner = try retentionPlanner(retention)
    let (plan, mirror) = try planner.soundPlan(try scan(), existingCatalog)
    if let limit = retention.maxRemove?.limit {
      try plan.check(limit, mirror: mirror)
    } else if apply && !dryRun {
      try plan.checkShare(of: mirror)
    }
    guard apply && !dryRun else {
      if options.json {
        try context.print(json: RetentionOutput(mirror: "\(root)", plan: plan))
      } else if apply {
        render(plan, mirror)
      } else {
        context.output.write(CleanScript.render(plan, of: mirror, today: context.today))
      }
      return StepResult(status: mirror.problems.isEmpty ? .done : .partial)
    }
    let cleaner = Cleaner(scanner: scanner, planner: planner, cancellation: context.cancellation)
    let (context, prints) = (context, !isStep && !options.json && !options.quiet)
    let report = try remove(plan, from: mirror, cleaner) { item in
      if prints { context.print("removed \(mirror.displayed(item.path)): \(item.reason)") }
    }
    // Without it `max-delete` counts what is deleted elsewhere for the same reason.
    try? catalog().note(cleaned: report, now: context.now())
    if options.json && !isStep {
      try context.print(json: CleanOutput(mirror: "\(root)", report: report))
    }
    let snapshots = report.removed.count { $0.isSnapshot }
    let versions = report.removed.count - snapshots
    let parts = [
      versions > 0 ? counted(versions, "version", "versions") : nil,
      snapshots > 0 ? counted(snapshots, "snapshot", "snapshots") : nil,
    ].compactMap(\.self)
    let summary =
      parts.isEmpty ? nil : "\(parts.joined(separator: ", ")) removed, \(humanBytes(report.bytes))"
    return StepResult(status: self.report(report.problems, mirror: mirror), summary: summary)
  }
}

extension MirrorSession {
  func retentionPlanner(_ retention: RetentionOptions) throws -> RetentionPlanner {
    RetentionPlanner(
      policy: retention.policy(over: configuration.retention), today: context.today, mounts: try .current())
  }

  /// Prints what would be removed.
  func render(_ plan: RetentionPlan, _ mirror: Mirror) {
    for item in plan.removals { context.print("would remove \(mirror.displayed(item.path)): \(item.reason)") }
  }

  /// Takes what is to be removed out of the indexes, then removes it.
  ///
  /// Where a full disk keeps an index from being written, what none of them names is removed first.
  private func remove(
    _ plan: RetentionPlan, from mirror: Mirror, _ cleaner: Cleaner, each: (RetentionPlan.Item) -> Void
  ) throws -> CleanReport {
    guard !plan.removals.isEmpty else { return CleanReport() }
    do {
      try unlist(plan.removals.map(\.path), in: mirror)
      return try cleaner.apply(plan, to: mirror, each: each)
    } catch let error as MirrorError where error.isFullDisk {
      let named = try IndexedNames(in: mirror)
      var report = try cleaner.apply(plan.keeping { named.name($0.path) }, to: mirror, each: each)
      guard !report.removed.isEmpty else { throw error }
      let rest = plan.keeping { !named.name($0.path) }
      do {
        if !rest.removals.isEmpty { try unlist(rest.removals.map(\.path), in: mirror) }
        report.add(try cleaner.apply(rest, to: mirror, each: each))
      } catch let error as MirrorError where error.isFullDisk {
        report.add(error)
      }
      return report
    }
  }
}

private struct RetentionOutput: Encodable {
  let mirror: String
  let plan: RetentionPlan
}

private struct CleanOutput: Encodable {
  let mirror: String
  let removed: [RetentionPlan.Item]
  let problems: [JSONProblem]
  let bytes: Int64

  init(mirror: String, report: CleanReport) {
    self.mirror = mirror
    removed = report.removed
    problems = report.problems.map(JSONProblem.init)
    bytes = report.bytes
  }
}
