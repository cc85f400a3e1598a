import SystemPackage

extension RetentionPlanner {
  /// The plan for a whole mirror, and the mirror with what was found damaged on the way.
  ///
  /// A tarball that nobody has hashed yet may be cut off: before it is a reason to remove another, its end is looked
  /// at.
  ///
  /// - Parameter catalog: knows which tarballs were looked at before; without it all are looked at.
  public func soundPlan(
    _ mirror: Mirror, _ catalog: Catalog?
  ) throws(MirrorError) -> (plan: RetentionPlan, mirror: Mirror) {
    let plan = plan(mirror)
    let sections = Set(plan.sections.filter { !$0.removals.isEmpty }.map(\.path))
    guard !sections.isEmpty else { return (plan, mirror) }
    let anchor = try AnchoredDirectory(root: mirror.root)
    var damaged: Set<MirrorPath> = []
    for folder in mirror.folders where sections.contains(where: { folder.path.isWithin($0) }) {
      for tarball in folder.tarballs where tarball.isWhole && tarball.compression != nil {
        let record = try catalog?.record(of: tarball.path)
        if let record, tarball.status.identity.isSameFile(as: record.identity) { continue }
        // What cannot be read is no reason to remove another either.
        if (try? anchor.isWhole(tarball)) != true { damaged.insert(tarball.path) }
      }
    }
    guard !damaged.isEmpty else { return (plan, mirror) }
    let marked = mirror.marking(damaged: damaged)
    return (self.plan(marked), marked)
  }
}

extension AnchoredDirectory {
  /// Whether a compressed tarball below this directory is not cut off, by a look at its ends.
  func isWhole(_ tarball: Tarball) throws(MirrorError) -> Bool {
    guard let compression = tarball.compression else { return true }
    let file = try file(tarball.path)
    return try attempt("read", displayed(tarball.path)) { () throws(Errno) in
      try StreamEnd.isWhole(file, size: tarball.status.size, compression)
    }
  }
}
