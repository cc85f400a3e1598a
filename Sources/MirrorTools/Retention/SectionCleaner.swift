import LinuxSystem
import MirrorModel
import Synchronization

/// Removes the items of single sections of a retention plan, of several ones at once.
struct SectionCleaner: Sendable {
  let anchor: Shared<AnchoredDirectory>
  let scanner: MirrorScanner
  let planner: RetentionPlanner
  /// Names that protect versions, from the scan of the whole mirror.
  let names: ProtectingNames
  let clouds: CloudRemoval
  let cancellation: Cancellation
  /// Held by requests to clouds, which are made one after the other.
  private let requests = Shared(Mutex<Void>(()))

  /// Removes what both the plan of a section and a second look remove.
  ///
  /// - Parameter mirror: the mirror, or the part of it with this section.
  func clean(_ section: RetentionPlan.Section, of mirror: Mirror) -> CleanReport {
    var report = CleanReport(mirror: "\(mirror.root)")
    guard !cancellation.isCancelled else { return report }
    report.attempt { report throws(MirrorError) in
      let now = try scanner.rescan(section.path, of: mirror)
      let again = planner.section(at: section.path, of: now, names)
      let second = Dictionary((again?.items ?? []).map { ($0.path, $0) }) { first, _ in first }
      var due: [RetentionPlan.Item] = []
      for item in section.removals {
        guard var found = second[item.path] else { continue }
        guard found.isRemoved else {
          report.problems.append(
            MirrorError(
              .changed, mirror.displayed(item.path), "is kept after all: \(found.reason)",
              remedy: "run again to remove it"))
          continue
        }
        found.images = item.images
        due.append(found)
      }
      guard !due.isEmpty else { return }
      let directory = try anchor.value.directory(section.path)
      if section.isOfSnapshots {
        try removeSnapshots(due, in: directory, mirror, &report)
      } else {
        try removeVersions(due, in: directory, &report)
      }
    }
    return report
  }

  /// Takes the lines of all these snapshots out of the manifests, then removes the files of each.
  private func removeSnapshots(
    _ items: [RetentionPlan.Item], in directory: borrowing AnchoredDirectory, _ mirror: Mirror,
    _ report: inout CleanReport
  ) throws(MirrorError) {
    try ManifestWriter.forget(Set(items.map(\.path.name)), in: directory, mirror.layout, mirror.kinds)
    for item in items where !cancellation.isCancelled {
      do throws(MirrorError) {
        for file in item.paths { try directory.unlink(file.name) }
        report.removed.append(item)
      } catch { report.add(error) }
    }
    try directory.sync()
  }

  private func removeVersions(
    _ items: [RetentionPlan.Item], in directory: borrowing AnchoredDirectory, _ report: inout CleanReport
  ) throws(MirrorError) {
    var renamed: [(item: RetentionPlan.Item, temporary: FileName)] = []
    for item in items where !cancellation.isCancelled {
      do throws(MirrorError) {
        // Only its records list them.
        try requests.value.withLock { _ throws(MirrorError) in
          try clouds.removeImages(of: item.path, in: anchor.value)
        }
        let temporary = TemporaryName.make()
        try directory.rename(item.path.name, to: temporary)
        renamed.append((item, temporary))
      } catch { report.add(error) }
    }
    guard !renamed.isEmpty else { return }
    try directory.sync()
    for (item, temporary) in renamed {
      do throws(MirrorError) {
        try TreeRemover(cancellation: cancellation).remove(temporary, in: directory)
      } catch {
        report.add(error)
        // The next run deletes what an interrupted one leaves.
        guard error.code == .interrupted else { continue }
      }
      report.removed.append(item)
    }
  }
}

extension CleanReport {
  fileprivate mutating func attempt(_ body: (inout CleanReport) throws(MirrorError) -> Void) {
    do throws(MirrorError) { try body(&self) } catch { problems.append(error) }
  }
}
