import StageTrees
import LinuxSystem
import SystemPackage

/// Carries out a ``CompressionPlan``. The caller holds the mirror's lock.
struct Compressor: Sendable {
  private let root: FilePath
  private let ownershipRules: OwnershipRules
  private let jobs: Int
  private let patience: Int64
  private let probe: ProcessProbe
  private let clock: @Sendable () -> Int64

  /// - Parameters:
  ///   - ownershipRules: owner and mode of compressed tarballs.
  ///   - jobs: number of threads; nil for one per processor. xz and zstd use all of them for one file after
  ///     the other, gzip and bzip2 one per file.
  ///   - patience: the value used for the plan.
  ///   - clock: returns seconds since the epoch.
  init(
    root: FilePath, ownershipRules: OwnershipRules = OwnershipRules(), jobs: Int? = nil,
    patience: Int64 = CompressionPlan.defaultPatience, probe: ProcessProbe = .system,
    clock: @escaping @Sendable () -> Int64 = Compressor.systemClock
  ) {
    self.root = root
    self.ownershipRules = ownershipRules
    self.jobs = max(1, jobs ?? Workers.processors)
    self.patience = patience
    self.probe = probe
    self.clock = clock
  }

  /// The clock of the machine.
  static let systemClock: @Sendable () -> Int64 = { SystemClock.seconds }

  /// Carries out the plan; a failure of one item does not stop the others. After cancellation, nothing new is
  /// started.
  ///
  /// - Parameters:
  ///   - each: called with each outcome when it is obtained, on any thread.
  ///   - progress: called with the number of bytes just read, on any thread; the sum is the plan's
  ///     `bytesToRead`.
  /// - Throws: ``MirrorError`` if the root of the mirror cannot be opened.
  func apply(
    _ plan: CompressionPlan, cancellation: Cancellation,
    each: @escaping @Sendable (CompressionReport.Outcome) -> Void = { _ in },
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(MirrorError) -> CompressionReport {
    let anchor = Shared(try AnchoredDirectory(root: root, ownershipRules: ownershipRules))
    let locks = BuildLocks(probe: probe, clock: clock)
    let results = Workers.map(plan.items, jobs: plan.settings.compression.isThreaded ? 1 : jobs) { item in
      if cancellation.isCancelled { return Step.notBegun }
      let work = TarballCompression(
        item: item, settings: plan.settings, threads: jobs, patience: patience, probe: probe, now: clock(),
        cancellation: cancellation, progress: progress)
      do throws(MirrorError) {
        let lock = try locks.acquire(item.subarch, anchor.value)
        defer { locks.release(lock, anchor.value) }
        let outcome = try work.run(anchor.value)
        each(outcome)
        return .done(outcome)
      } catch { return .failed(error) }
    }
    var report = CompressionReport(mirror: "\(root)")
    for result in results {
      switch result {
      case .done(let outcome): report.outcomes.append(outcome)
      case .failed(let problem): report.problems.append(problem)
      case .notBegun: break
      }
    }
    removeMarks(plan.staleMarks, anchor.value, &report)
    return report
  }

  private enum Step: Sendable {
    case done(CompressionReport.Outcome)
    case failed(MirrorError)
    case notBegun
  }

  private func removeMarks(
    _ marks: [MirrorPath], _ anchor: borrowing AnchoredDirectory, _ report: inout CompressionReport
  ) {
    for mark in marks {
      do throws(MirrorError) {
        let directory = try anchor.directory(mark.parent)
        try directory.unlink(mark.name)
        try directory.sync()
        report.removedMarks.append(mark)
      } catch { report.problems.append(error) }
    }
  }
}
