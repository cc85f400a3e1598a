public import LinuxSystem
import MirrorModel

/// Takes a version, one artifact of a version, or a snapshot out of everything that is offered.
///
/// The notice is written first: it is the truth, and the next `index` or `upkeep` completes a run that was
/// killed after it. Then follow the indexes, the links and records, the metalinks, and last the files.
public struct WithdrawRun {
  private let run: MirrorRun
  private let path: MirrorPath
  private let reason: String
  private let replacement: MirrorPath?
  private let deletes: Bool

  /// - Parameters:
  ///   - path: what to withdraw, relative to the root of the mirror.
  ///   - reason: why, for its users.
  ///   - replacement: what they should use instead.
  ///   - deletes: whether to delete its files.
  public init(
    _ run: MirrorRun, _ path: MirrorPath, reason: String, replacement: MirrorPath? = nil,
    deletes: Bool = false
  ) {
    (self.run, self.path, self.reason) = (run, path, reason)
    (self.replacement, self.deletes) = (replacement, deletes)
  }

  /// What would be done.
  public func plan() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    let unit = try unit(in: mirror)
    var report = ReleaseReport(.withdrawn, unit.path, mirror, isPlan: true)
    report.deleted = deletes ? unit.files : []
    return report
  }

  /// Withdraws it. A run that was killed is completed by another with the same path.
  public func apply() throws(MirrorError) -> ReleaseReport {
    let mirror = try run.scan()
    let unit = try unit(in: mirror)
    var report = ReleaseReport(.withdrawn, unit.path, mirror)
    run.journal([
      .init(.withdrawn, unit.path, reason: reason, detail: replacement.map { "use \($0) instead" })
    ])
    try write(unit, mirror)
    run.noteChanges(at: [unit.notice])
    try IndexRun(run, []).unlist([], in: try run.scan())
    report.moved = try run.leaveMarked()
    // Metalinks, pages, and whatever else was written before the links moved.
    report.add(try IndexRun(run).apply())
    if deletes {
      try delete(unit, &report)
      run.noteChanges(at: [unit.path])
    }
    return report
  }

  private func unit(in mirror: Mirror) throws(MirrorError) -> ReleaseUnit {
    let unit = try ReleaseUnit(path, in: mirror)
    if reason.allSatisfy(\.isWhitespace) {
      throw MirrorError(.invalid, "reason", "is empty", remedy: "say why, for the users of the release")
    }
    if let subarch = unit.subarch, let version = unit.version, subarch.isBeingBuilt(version) {
      throw busy(subarch, mirror, "is being built")
    }
    if let replacement {
      let other = try ReleaseUnit(replacement, in: mirror)
      guard !other.isWithdrawn, other.isSound, other.path != unit.path else {
        throw MirrorError(
          .invalid, mirror.displayed(replacement), "is not offered, so it cannot be used instead",
          remedy: "choose another release")
      }
    }
    if deletes, let subarch = unit.subarch,
      let user = mirror.subarches.first(where: {
        $0.control.liveBuildLock != nil && ($0.path == subarch.path || $0.control.remoteSeed == subarch.path)
      })
    {
      throw busy(user, mirror, "is being built, perhaps from this release")
    }
    return unit
  }

  private func busy(_ subarch: Subarch, _ mirror: Mirror, _ problem: String) -> MirrorError {
    let pid = subarch.control.liveLock?.owner.map { " (\($0))" } ?? ""
    return MirrorError(
      .busy, mirror.displayed(subarch.path), "\(problem)\(pid)",
      remedy: "wait for the end of the build; \(run: .keepFiles), other releases can be withdrawn now")
  }

  private func write(_ unit: ReleaseUnit, _ mirror: Mirror) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: run.root, ownershipRules: try run.ownership())
    let earlier = ReleaseNotice.read(unit.notice, in: anchor)
    var notice = ReleaseNotice(
      reason: reason, date: String(UTCText.internet(run.environment.now()).prefix(10)),
      replacement: replacement)
    if unit.isWithdrawn {
      notice.date = earlier.date ?? notice.date
      notice.replacement = replacement ?? earlier.replacement
    }
    let pointers = PointerPlan(leadingTo: unit, in: mirror).notice
    notice.pointers = earlier.pointers + pointers.pointers.filter { !earlier.pointers.contains($0) }
    notice.records = earlier.records + pointers.records.filter { !earlier.records.contains($0) }
    let directory = try anchor.directory(unit.notice.parent)
    try DurableFile.write(
      notice.text(.withdrawn), to: unit.notice.name, in: directory, try directory.fileOwnership())
  }

  /// Deletes the files, after nothing refers to them any more.
  private func delete(_ unit: ReleaseUnit, _ report: inout ReleaseReport) throws(MirrorError) {
    let now = try ReleaseUnit(unit.path, in: try run.scan())
    let anchor = try AnchoredDirectory(root: run.root)
    if case .version = now {
    } else {
      try ManifestWriter.forget(
        [unit.path.name], in: try anchor.directory(unit.path.parent), run.configuration.layout,
        run.configuration.kinds)
    }
    var touched: Set<MirrorPath> = []
    for path in now.files {
      try run.environment.cancellation.check()
      let directory = try anchor.directory(path.parent)
      report.bytes &+= try directory.status(of: path.name)?.size ?? 0
      try directory.unlink(path.name)
      touched.insert(path.parent)
      report.deleted.append(path)
    }
    for path in touched { try anchor.directory(path).sync() }
    // Otherwise `max-delete` would count the deletion of these files at destinations.
    try? run.catalog().note(cleaned: report.deleted, now: run.environment.now())
  }
}

extension MirrorRun {
  /// Moves links and records away from everything that is withdrawn, and links away from candidates.
  ///
  /// - Returns: the links and records that changed.
  func leaveMarked() throws(MirrorError) -> [MirrorPath] {
    let plan = PointerPlan(leavingMarked: try scan())
    guard !plan.isEmpty else { return [] }
    noteChanges(at: plan.moves.map(\.link) + plan.records.map(\.file))
    return try plan.apply(
      in: try AnchoredDirectory(root: root, ownershipRules: try ownership()), configuration.kinds)
  }
}
