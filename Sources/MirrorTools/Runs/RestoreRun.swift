public import LinuxSystem
import MirrorModel

/// Offers again what was withdrawn.
///
/// Links and records come first, then the notice disappears, then the indexes follow: a run that is killed
/// before the notice disappears has restored nothing, since the next `index` or `upkeep` moves the links back.
public struct RestoreRun {
  private let run: MirrorRun
  private let path: MirrorPath

  /// - Parameter path: what to restore, relative to the root of the mirror.
  public init(_ run: MirrorRun, _ path: MirrorPath) { (self.run, self.path) = (run, path) }

  /// What would be done.
  public func plan() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    return ReleaseReport(.restored, try unit(in: mirror).path, mirror, isPlan: true)
  }

  /// Restores it. A run that was killed is completed by another with the same path.
  public func apply() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    let unit = try unit(in: mirror)
    var report = ReleaseReport(.restored, unit.path, mirror)
    let anchor = try AnchoredDirectory(root: run.root, ownershipRules: try run.ownership())
    let notice = ReleaseNotice.read(unit.notice, in: anchor)
    let pointers = try unit.pointers(offeredIn: mirror.restoring(unit.path), notice)
    report.moved = try pointers.apply(in: anchor, run.configuration.kinds)
    if unit.isWithdrawn {
      run.journal([.init(.restored, unit.path, detail: notice.reason.map { "withdrawn because: \($0)" })])
      let directory = try anchor.directory(unit.notice.parent)
      try directory.unlink(unit.notice.name)
      try directory.sync()
    } else {
      report.isNews = false
    }
    run.noteChanges(at: [unit.notice] + report.moved)
    report.add(try IndexRun(run).apply())
    return report
  }

  private func unit(in mirror: Mirror) throws(MirrorError) -> ReleaseUnit {
    let unit = try ReleaseUnit(path, in: mirror)
    guard unit.isSound else {
      throw MirrorError(
        .invalid, mirror.displayed(unit.path), "has nothing to offer: its files were deleted, or are damaged",
        remedy: "copy them back from a backup first, or publish another version")
    }
    return unit
  }
}
