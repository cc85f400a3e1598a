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
/// keeps is kept. A version disappears at once, by a rename to a temporary name, and is deleted after that.
struct Cleaner: Sendable {
  private let scanner: MirrorScanner
  private let planner: RetentionPlanner
  private let clouds: CloudRemoval
  private let cancellation: Cancellation

  /// The scanner and the planner that made the plan.
  init(
    scanner: MirrorScanner, planner: RetentionPlanner, clouds: CloudRemoval, cancellation: Cancellation
  ) {
    self.scanner = scanner
    self.planner = planner
    self.clouds = clouds
    self.cancellation = cancellation
  }

  /// Removes what `plan` removes.
  ///
  /// - Parameter each: called with each item after it was removed.
  /// - Throws: ``MirrorError`` if nothing could be done at all.
  func apply(
    _ plan: RetentionPlan, to mirror: Mirror, each: (RetentionPlan.Item) -> Void = { _ in }
  ) throws(MirrorError) -> CleanReport {
    let anchor = try AnchoredDirectory(root: mirror.root)
    let names = planner.names(in: mirror)
    var report = CleanReport(mirror: "\(mirror.root)")
    // Snapshots last: manifests that list them are rewritten, which a full disk allows only once versions are
    // removed.
    for section in plan.sections.filter({ !$0.isOfSnapshots }) + plan.sections.filter(\.isOfSnapshots)
    where !section.removals.isEmpty && !cancellation.isCancelled {
      report.attempt { report throws(MirrorError) in
        let now = try scanner.rescan(section.path, of: mirror)
        let again = planner.section(at: section.path, of: now, names)
        for item in section.removals where !cancellation.isCancelled {
          guard var second = again?.items.first(where: { $0.path == item.path }) else { continue }
          guard second.isRemoved else {
            let path = mirror.displayed(item.path)
            report.problems.append(
              MirrorError(
                .changed, path, "is kept after all: \(second.reason)", remedy: "run again to remove it"))
            continue
          }
          report.attempt { report throws(MirrorError) in
            try remove(second, from: anchor, in: mirror)
            second.images = item.images
            report.removed.append(second)
            each(second)
          }
        }
      }
    }
    report.removed.sort { $0.path < $1.path }
    return report
  }

  private func remove(
    _ item: RetentionPlan.Item, from anchor: borrowing AnchoredDirectory, in mirror: Mirror
  ) throws(MirrorError) {
    let directory = try anchor.directory(item.path.parent)
    if case .snapshot(let files) = item.kind {
      try ManifestWriter.forget([item.path.name], in: directory, mirror.layout, mirror.kinds)
      for file in files { try directory.unlink(file.name) }
      return try directory.sync()
    }
    // Only its records list them.
    try clouds.removeImages(of: item.path, in: anchor)
    let temporary = TemporaryName.make()
    try directory.rename(item.path.name, to: temporary)
    try directory.sync()
    try TreeRemover(cancellation: cancellation).remove(temporary, in: directory)
    try directory.sync()
  }
}

extension CleanReport {
  fileprivate mutating func attempt(_ body: (inout CleanReport) throws(MirrorError) -> Void) {
    do throws(MirrorError) { try body(&self) } catch { problems.append(error) }
  }
}
