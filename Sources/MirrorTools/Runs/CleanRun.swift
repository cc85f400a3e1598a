import Hashing
public import LinuxSystem
public import MirrorModel

/// Removes the versions and snapshots that a policy does not keep, and binary packages.
///
/// Removed versions are taken out of the indexes first: a run killed at any time leaves no index that names a
/// removed version.
public struct CleanRun {
  private let run: MirrorRun
  private let policy: RetentionPolicy?
  private let limit: RemovalLimit?

  /// - Parameters:
  ///   - policy: which versions and snapshots to keep; nil for all.
  ///   - limit: how much may be removed; nil for half of the complete versions.
  public init(_ run: MirrorRun, _ policy: RetentionPolicy?, limit: RemovalLimit? = nil) {
    self.run = run
    self.policy = policy
    self.limit = limit
  }

  /// What would be kept and removed, and why.
  ///
  /// - Throws: ``MirrorError`` with code `refused` if more would be removed than the limit allows.
  public func plan() throws(MirrorError) -> Planned<RetentionPlan> {
    let scanned = try run.scan()
    let (versions, mirror) =
      try policy.map { policy throws(MirrorError) in
        try planner(policy).soundPlan(scanned, run.existingCatalog)
      } ?? (RetentionPlan(sections: [], policy: "keep all versions"), scanned)
    let plan = try versions.withImages(of: mirror).adding(try BinhostRun(run).sections(mirror))
    Log.step("plan of clean: \(plan.removals.count) of \(plan.count) items to remove")
    for item in plan.sections.lazy.flatMap(\.items) {
      Log.detail("\(item.isRemoved ? "removes" : "keeps") \(item.path): \(item.reason)")
    }
    if let limit { try plan.check(limit, mirror: mirror) }
    return Planned(plan, for: mirror)
  }

  /// Carries out a plan of this run, after a second check of each item.
  ///
  /// - Throws: ``MirrorError`` with code `refused` if most complete versions would be removed and no limit
  ///   was given; or an error that prevents writing the indexes, before anything is removed.
  public func apply(_ planned: Planned<RetentionPlan>) throws(MirrorError) -> CleanReport {
    if limit == nil { try planned.plan.checkShare(of: planned.scan) }
    // Also a removal that fails may have changed the mirror.
    run.noteChanges(at: planned.plan.removals.map(\.path))
    var report = try remove(planned.plan.withoutPackages, from: planned.scan)
    if !report.problems.isEmpty {
      // The next run removes what was kept. Until then, the indexes list it.
      do throws(MirrorError) { try IndexRun(run).relist() } catch { report.add(error) }
    }
    try BinhostRun(run).clean(planned.plan.sections.filter(\.isOfPackages), of: planned.scan, into: &report)
    // Otherwise `max-delete` would count the deletion of these versions at destinations.
    try? run.catalog().note(cleaned: report, now: run.environment.now())
    run.journal(report.removed.map { .init(.removed, $0.path, reason: $0.reason) })
    return report
  }

  /// A plan as a shell script that a person can read before it runs; names are as on the disk.
  public func script(_ planned: Planned<RetentionPlan>) -> RemovalScript {
    RemovalScript(
      planned: planned,
      text: CleanScript.render(planned.plan, of: planned.scan, today: run.environment.today))
  }

  private func planner(_ policy: RetentionPolicy) throws(MirrorError) -> RetentionPlanner {
    RetentionPlanner(policy: policy, today: run.environment.today, mounts: try .current())
  }

  /// Takes the items out of the indexes, then removes them.
  ///
  /// If a full disk prevents writing an index, items that no index names are removed first.
  private func remove(_ plan: RetentionPlan, from mirror: Mirror) throws(MirrorError) -> CleanReport {
    guard let policy, !plan.removals.isEmpty else { return CleanReport(mirror: "\(mirror.root)") }
    let cleaner = Cleaner(
      scanner: run.scanner, planner: try planner(policy),
      clouds: CloudRemoval(run.configuration.clouds, run.environment.cancellation),
      cancellation: run.environment.cancellation, jobs: run.environment.hashing.jobs)
    let result = run.environment.result
    func remove(_ plan: RetentionPlan) throws(MirrorError) -> CleanReport {
      try cleaner.apply(plan, to: mirror) { item in
        result("removed \(mirror.displayed(item.path)): \(item.reason)")
      }
    }
    let index = IndexRun(run)
    do throws(MirrorError) {
      try index.unlist(plan.removals.map(\.path), in: mirror)
      return try remove(plan)
    } catch {
      guard error.isFullDisk else { throw error }
      let named = try IndexedNames(in: mirror)
      var report = try remove(plan.keeping { named.name($0.path) })
      guard !report.removed.isEmpty else { throw error }
      let rest = plan.keeping { !named.name($0.path) }
      do throws(MirrorError) {
        if !rest.removals.isEmpty { try index.unlist(rest.removals.map(\.path), in: mirror) }
        report.add(try remove(rest))
      } catch {
        guard error.isFullDisk else { throw error }
        report.add(error)
      }
      return report
    }
  }
}

/// A plan whose lines are a shell script.
public struct RemovalScript: MirrorReport {
  let planned: Planned<RetentionPlan>
  let text: [UInt8]

  /// Root of the mirror.
  public var mirror: String { planned.mirror }

  /// The lines of the script.
  public var lines: [ReportLine] {
    text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map {
      ReportLine(bytes: Array($0), isEssential: true)
    }
  }

  /// The plan.
  public func encode(to encoder: any Encoder) throws { try planned.encode(to: encoder) }
}

extension RetentionPlan: Plan {
  /// One line per removal, after those of the images of a version.
  public func lines(in mirror: Mirror) -> [String] {
    removals.flatMap { item in
      item.images.flatMap { place in place.resources.map { "would remove \($0) in \(place.region)" } } + [
        "would remove \(mirror.displayed(item.path)): \(item.reason)"
      ]
    }
  }
}

extension CleanReport: MirrorReport {
  private enum CodingKeys: CodingKey { case mirror, removed, problems, bytes }

  /// Number and size of the removed versions, snapshots and packages.
  public var summary: String? {
    let snapshots = removed.count { $0.isSnapshot }
    let packages = removed.count { $0.isPackage }
    let versions = removed.count - snapshots - packages
    let parts = [
      versions > 0 ? counted(versions, "version", "versions") : nil,
      snapshots > 0 ? counted(snapshots, "snapshot", "snapshots") : nil,
      packages > 0 ? counted(packages, "package", "packages") : nil,
    ].compactMap(\.self)
    return parts.isEmpty ? nil : "\(parts.joined(separator: ", ")) removed, \(humanBytes(bytes))"
  }

  /// Why planned removals were not carried out.
  public var messages: [MirrorError] { problems }

  /// `mirror`, `removed`, `problems` and `bytes`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(removed, forKey: .removed)
    try container.encode(problems, forKey: .problems)
    try container.encode(bytes, forKey: .bytes)
  }
}
