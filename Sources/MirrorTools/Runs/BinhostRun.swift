import LinuxSystem
import MirrorModel

/// The trees of binary packages in a run.
struct BinhostRun {
  private let run: MirrorRun
  private let settings: BinhostSettings

  init(_ run: MirrorRun) {
    self.run = run
    settings = run.configuration.binhost
  }

  /// The trees, after problems with them were reported.
  func trees(_ mirror: Mirror) throws(MirrorError) -> [BinhostTree] {
    let (trees, problems) = try BinhostScanner(mirror, settings).trees()
    for problem in problems { run.tell(problem) }
    return trees
  }

  private func indexer() throws(MirrorError) -> BinhostIndexer {
    BinhostIndexer(
      root: run.root, ownership: try run.ownership(), hasher: run.hasher, compresses: settings.compresses,
      now: run.environment.now())
  }

  /// The indexes that would be written.
  func outdated(_ mirror: Mirror) throws(MirrorError) -> [MirrorPath] {
    guard settings.indexer != .no else { return [] }
    let indexer = try indexer()
    var paths: [MirrorPath] = []
    for tree in try trees(mirror) where try indexer.isOutdated(tree) { paths.append(tree.indexPath) }
    return paths
  }

  /// Writes the indexes that are not up to date.
  ///
  /// - Returns: those that were written, and what was left out of them.
  func writeIndexes(_ mirror: Mirror) throws(MirrorError) -> (written: [MirrorPath], problems: [MirrorError])
  {
    guard settings.indexer != .no else { return ([], []) }
    let indexer = try indexer()
    var (written, problems): ([MirrorPath], [MirrorError]) = ([], [])
    let anchor = try AnchoredDirectory(root: run.root)
    let (trees, unread) = try BinhostScanner(mirror, settings).trees()
    problems += unread
    for found in trees {
      try run.environment.cancellation.check()
      do throws(MirrorError) {
        try DirectoryLock.with(found.path, in: anchor, run.environment.cancellation) {
          () throws(MirrorError) in
          guard let tree = try BinhostScanner(mirror, settings).tree(at: found.path) else { return }
          tree.sweep(anchor)
          if settings.indexer == .emaint {
            let emaint = Emaint(cancellation: run.environment.cancellation)
            if try emaint.fix(tree, run.root) { written.append(tree.indexPath) }
            return
          }
          let plan = try indexer.plan(tree)
          problems += plan.problems
          guard plan.isChanged else { return }
          try indexer.write(plan)
          written.append(tree.indexPath)
        }
      } catch {
        if error.code == .interrupted { throw error }
        problems.append(error)
      }
    }
    return (written, problems)
  }

  /// Verifies the packages, and adds the result to a report.
  func verify(
    _ mirror: Mirror, subset: VerifySubset, paths: [MirrorPath], into report: inout VerifyReport,
    each: @escaping @Sendable (VerifyReport.Finding) -> Void
  ) throws(MirrorError) {
    let (trees, unread) = try BinhostScanner(mirror, settings).trees()
    report.problems += unread
    try BinhostVerifier(root: run.root, settings: settings, hasher: run.hasher, now: run.environment.now())
      .verify(trees, subset: subset, paths: paths, into: &report, each: each)
  }

  private var retention: BinhostRetention { BinhostRetention(settings: settings, now: run.environment.now()) }

  /// What `clean` keeps and removes.
  func sections(_ mirror: Mirror) throws(MirrorError) -> [RetentionPlan.Section] {
    let anchor = try AnchoredDirectory(root: run.root)
    var sections: [RetentionPlan.Section] = []
    for tree in try trees(mirror) {
      do throws(MirrorError) {
        if let section = retention.section(tree, try tree.readIndex(anchor)) { sections.append(section) }
      } catch { run.tell(error) }
    }
    return sections
  }

  /// Removes the packages of these sections.
  func clean(
    _ sections: [RetentionPlan.Section], of mirror: Mirror, into report: inout CleanReport
  ) throws(MirrorError) {
    let cancellation = run.environment.cancellation
    let cleaner = BinhostCleaner(
      mirror: mirror, settings: settings, retention: retention, indexer: try indexer(),
      cancellation: cancellation)
    let result = run.environment.result
    for section in sections where !section.removals.isEmpty && !cancellation.isCancelled {
      var more = CleanReport(mirror: report.mirror)
      do throws(MirrorError) {
        more.removed = try cleaner.apply(section) { item in
          result("removed \(mirror.displayed(item.path)): \(item.reason)")
        }
      } catch { more.problems.append(error) }
      report.add(more)
    }
  }
}
