import MirrorModel
public import LinuxSystem
import SystemPackage

/// Result of `clean --apply`.
public struct CleanReport: Sendable {
  /// Root of the mirror.
  public let mirror: String
  /// Removed items, in path order.
  public internal(set) var removed: [RetentionPlan.Item] = []
  /// Why planned removals were not carried out.
  public internal(set) var problems: [MirrorError] = []

  /// Adds the result of a later removal in the same mirror.
  mutating func add(_ other: CleanReport) {
    removed = (removed + other.removed).sorted { $0.path < $1.path }
    problems += other.problems
  }

  /// Adds the reason why something was not removed.
  mutating func add(_ problem: MirrorError) { problems.append(problem) }

  /// Total size of the removed items in bytes.
  public var bytes: Int64 { removed.reduce(0) { $0 &+ $1.bytes } }
}

/// Carries out a retention plan. The mirror's lock must be held.
///
/// Every section is scanned and planned again before anything in it is removed; an item that the second plan
/// keeps is kept. The versions of a section disappear by renames to temporary names, which one `fsync` makes
/// durable, and are deleted after that.
struct Cleaner: Sendable {
  private let scanner: MirrorScanner
  private let planner: RetentionPlanner
  private let clouds: CloudRemoval
  private let cancellation: Cancellation
  private let jobs: Int
  /// Sections at once: their threads mostly wait for the disk, which writes what several of them sync together.
  private static let usualJobs = 32

  /// - Parameters:
  ///   - scanner: the scanner and the planner that made the plan.
  ///   - jobs: number of sections at once; nil for the usual number.
  init(
    scanner: MirrorScanner, planner: RetentionPlanner, clouds: CloudRemoval, cancellation: Cancellation,
    jobs: Int? = nil
  ) {
    self.jobs = max(1, jobs ?? Self.usualJobs)
    self.scanner = scanner
    self.planner = planner
    self.clouds = clouds
    self.cancellation = cancellation
  }

  /// Removes what `plan` removes.
  ///
  /// - Parameter each: called with each item after it was removed, in the order of the plan.
  /// - Throws: ``MirrorError`` if nothing could be done at all.
  func apply(
    _ plan: RetentionPlan, to mirror: Mirror, each: (RetentionPlan.Item) -> Void = { _ in }
  ) throws(MirrorError) -> CleanReport {
    let work = SectionCleaner(
      anchor: Shared(try AnchoredDirectory(root: mirror.root)), scanner: scanner, planner: planner,
      names: planner.names(in: mirror), clouds: clouds, cancellation: cancellation)
    let parts = mirror.parts
    let sections = plan.sections.filter { !$0.removals.isEmpty }
    var report = CleanReport(mirror: "\(mirror.root)")
    // Snapshots last: manifests that list them are rewritten, which a full disk allows only once versions are
    // removed.
    for waiting in [sections.filter { !$0.isOfSnapshots }, sections.filter(\.isOfSnapshots)] {
      var rest = waiting[...]
      // Some at a time, since results are reported in order.
      while !rest.isEmpty, !cancellation.isCancelled {
        let now = Array(rest.prefix(jobs * 4))
        rest = rest.dropFirst(now.count)
        let reports = Workers.map(now, jobs: jobs) { work.clean($0, of: parts[$0.path] ?? mirror) }
        for other in reports {
          report.removed += other.removed
          report.problems += other.problems
          other.removed.forEach(each)
        }
      }
    }
    report.removed.sort { $0.path < $1.path }
    return report
  }
}
