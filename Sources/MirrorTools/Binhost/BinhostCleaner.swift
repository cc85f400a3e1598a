import LinuxSystem
import MirrorModel
import SystemPackage

/// Removes binary packages, after taking them out of their index.
struct BinhostCleaner: Sendable {
  let mirror: Mirror
  let settings: BinhostSettings
  let retention: BinhostRetention
  let indexer: BinhostIndexer
  let cancellation: Cancellation

  /// Removes the packages of a section that a second plan removes, too.
  ///
  /// - Parameter each: called with each package after it was removed.
  func apply(_ section: RetentionPlan.Section, each: (RetentionPlan.Item) -> Void) throws(MirrorError)
    -> [RetentionPlan.Item]
  {
    let anchor = try AnchoredDirectory(root: mirror.root)
    return try DirectoryLock.with(section.path, in: anchor, cancellation) { () throws(MirrorError) in
      try remove(section, anchor, each)
    }
  }

  private func remove(
    _ section: RetentionPlan.Section, _ anchor: borrowing AnchoredDirectory,
    _ each: (RetentionPlan.Item) -> Void
  ) throws(MirrorError) -> [RetentionPlan.Item] {
    guard let tree = try BinhostScanner(mirror, settings).tree(at: section.path),
      let again = retention.section(tree, try tree.readIndex(anchor))
    else { return [] }
    tree.sweep(anchor)
    let planned = Set(section.removals.map(\.path))
    let removals = again.removals.filter { planned.contains($0.path) }
    if let plan = try indexer.plan(tree, without: Set(removals.map(\.path))), plan.isChanged {
      try indexer.write(plan)
    }
    var removed: [RetentionPlan.Item] = []
    for item in removals where !cancellation.isCancelled {
      let directory = try anchor.directory(item.path.parent)
      try directory.unlink(item.path.name)
      try directory.sync()
      removed.append(item)
      each(item)
      // The directories of a package that has no other build.
      for parent in item.path.parent.lineage where parent != tree.path && parent.isWithin(tree.path) {
        guard let above = try? anchor.directory(parent.parent),
          (try? above.removeDirectory(parent.name)) != nil
        else {
          break
        }
      }
    }
    return removed
  }
}
