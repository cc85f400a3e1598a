public import LinuxSystem
import MirrorModel

/// Offers a candidate: digests and signatures, links and records, then the candidate's mark disappears, then the
/// indexes follow.
public struct PromoteRun {
  private let run: MirrorRun
  private let path: MirrorPath
  private let reason: String?

  /// - Parameters:
  ///   - path: the version, relative to the root of the mirror.
  ///   - reason: why, for the journal.
  public init(_ run: MirrorRun, _ path: MirrorPath, reason: String? = nil) {
    (self.run, self.path, self.reason) = (run, path, reason)
  }

  /// What would be done.
  public func plan() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    let (version, _) = try candidate(in: mirror)
    return ReleaseReport(.promoted, version.path, mirror, isPlan: true)
  }

  /// Promotes it. A run that was killed is completed by another with the same path.
  ///
  /// If a tarball cannot be digested or signed, nothing is promoted.
  public func apply() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    var (version, subarch) = try candidate(in: mirror)
    var report = ReleaseReport(.promoted, version.path, mirror)
    guard version.isCandidate else {
      report.isNews = false
      report.add(try IndexRun(run).apply())
      return report
    }
    var options = DigestOptions()
    options.paths = [version.path]
    let digestgen = DigestgenRun(run, options)
    let digests = try digestgen.apply(digestgen.plan())
    report.add(digests)
    guard digests.status == .done else {
      report.isDone = false
      return report
    }
    let offered = try run.scan().promoting(version.path)
    (version, subarch) = try candidate(in: offered)
    let anchor = try AnchoredDirectory(root: run.root, ownershipRules: try run.ownership())
    let notice = ReleaseNotice.read(version.path.file(.candidacy), in: anchor)
    let pointers = PointerPlan(offering: version, of: subarch, in: offered, notice)
    report.moved = try pointers.apply(in: anchor, run.configuration.kinds)
    if pointers.records.contains(where: { $0.file.name == "stage3" }),
      subarch.control.buildStrategy == "remote"
    {
      report.moved.append(try switchToLocal(subarch, anchor))
    }
    run.journal([.init(.promoted, version.path, reason: reason)])
    let directory = try anchor.directory(version.path)
    try directory.unlink(VersionFile.candidacy.path.name)
    try directory.sync()
    run.noteChanges(at: [version.path] + report.moved)
    report.add(try IndexRun(run).apply())
    return report
  }

  private func candidate(in mirror: Mirror) throws(MirrorError) -> (Version, Subarch) {
    guard case .version(let version, let subarch) = try ReleaseUnit(path, in: mirror) else {
      throw MirrorError(
        .invalid, mirror.displayed(path), "is not a version", remedy: "use BUILD/ARCH/SUBARCH/VERSION")
    }
    guard !version.isWithdrawn else {
      throw MirrorError(
        .invalid, mirror.displayed(version.path), "is withdrawn", remedy: "restore it first")
    }
    guard version.isSound, !subarch.isBeingBuilt(version) else {
      throw MirrorError(
        .invalid, mirror.displayed(version.path),
        "has nothing to offer: it is being built, failed or is damaged",
        remedy: "see its status and its logs")
    }
    return (version, subarch)
  }

  /// The next build starts from this subarch's own stage3.
  private func switchToLocal(
    _ subarch: Subarch, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorPath {
    let path = subarch.path.control(.buildStrategy)
    let directory = try anchor.directory(path.parent)
    try DurableFile.write(
      ControlFile.text("local"), to: path.name, in: directory, try directory.fileOwnership())
    return path
  }
}
