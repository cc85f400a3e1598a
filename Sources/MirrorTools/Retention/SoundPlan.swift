import StageTrees
import LinuxSystem
import MirrorModel
import SystemPackage

extension RetentionPlanner {
  /// The plan for a whole mirror, and the mirror with the damage found while planning.
  ///
  /// A tarball that was never hashed may be truncated, or an error page. Both of its ends are checked before
  /// it becomes a reason to remove another one.
  ///
  /// - Parameter catalog: records which tarballs were checked before; without it all are checked.
  func soundPlan(
    _ mirror: Mirror, _ catalog: Catalog?
  ) throws(MirrorError) -> (plan: RetentionPlan, mirror: Mirror) {
    let plan = plan(mirror)
    let sections = Set(plan.sections.filter { !$0.removals.isEmpty }.map(\.path))
    guard !sections.isEmpty else { return (plan, mirror) }
    let anchor = try AnchoredDirectory(root: mirror.root)
    var damaged: [MirrorPath: StreamFault] = [:]
    func examine(_ folder: Folder, _ records: [FileName: CatalogRecord]) {
      for tarball in folder.tarballs where tarball.isWhole && tarball.format.isReleased {
        if let record = records[tarball.name], tarball.status.identity.isSameFile(as: record.identity) {
          continue
        }
        // An unreadable tarball is not a reason to remove another one either.
        do throws(MirrorError) { damaged[tarball.path] = try anchor.fault(of: tarball) } catch {
          damaged[tarball.path] = .cutOff
        }
      }
    }
    func isWanted(_ folder: Folder) -> Bool { folder.path.lineage.contains(where: sections.contains) }
    if let catalog {
      var walk = CatalogWalk(catalog)
      try walk.forEach(mirror, where: isWanted) { examine($0, $1) }
    } else {
      for folder in mirror.folders where isWanted(folder) { examine(folder, [:]) }
    }
    guard !damaged.isEmpty else { return (plan, mirror) }
    let marked = mirror.marking(damaged: damaged)
    return (self.plan(marked), marked)
  }
}
