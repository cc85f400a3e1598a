import StageTrees
import LinuxSystem
import MirrorModel
import SystemPackage

extension RetentionPlanner {
  /// The plan for a whole mirror, and the mirror with what was found damaged on the way.
  ///
  /// A tarball that nobody has hashed yet may be cut off, or an error page: before it is a reason to remove another,
  /// its ends are looked at.
  ///
  /// - Parameter catalog: knows which tarballs were looked at before; without it all are looked at.
  func soundPlan(
    _ mirror: Mirror, _ catalog: Catalog?
  ) throws(MirrorError) -> (plan: RetentionPlan, mirror: Mirror) {
    let plan = plan(mirror)
    let sections = Set(plan.sections.filter { !$0.removals.isEmpty }.map(\.path))
    guard !sections.isEmpty else { return (plan, mirror) }
    let anchor = try AnchoredDirectory(root: mirror.root)
    var damaged: [MirrorPath: StreamFault] = [:]
    for folder in mirror.folders where sections.contains(where: { folder.path.isWithin($0) }) {
      for tarball in folder.tarballs where tarball.isWhole && tarball.compression != nil {
        let record = try catalog?.record(of: tarball.path)
        if let record, tarball.status.identity.isSameFile(as: record.identity) { continue }
        // What cannot be read is no reason to remove another either.
        do throws(MirrorError) { damaged[tarball.path] = try anchor.fault(of: tarball) } catch {
          damaged[tarball.path] = .cutOff
        }
      }
    }
    guard !damaged.isEmpty else { return (plan, mirror) }
    let marked = mirror.marking(damaged: damaged)
    return (self.plan(marked), marked)
  }
}
