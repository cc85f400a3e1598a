import SystemPackage

extension PublishRun {
  /// Sends straight into the mirror there: payload, then what names it, then deletions, then the trace.
  func publish(_ local: LocalListing) throws(MirrorError) -> PublishReport {
    let planner = try planner()
    let remote = try remoteListing().mirror
    let plan = try plan(local, planner, remote)
    if target.deletes, local.isWhole {
      try digests.catalog.setSuperfluous(plan.superfluous, at: target.name)
    }
    let stage = try PublishStage(in: mirror.root)
    let indexDigest = try copy(plan, to: stage)
    try rsync.send(
      items(plan.payload), ["--ignore-existing"], as: "sending", bytes: plan.payload.bytes)
    try checkUnchanged(plan.payload + plan.replaced)
    if !plan.payload.isEmpty {
      let missing = planner.plan(local, try remoteListing().mirror).payload
      if let first = missing.first { throw notThere(first, missing.count) }
    }
    try sendNames(plan, local, stage)
    let after = plan.outstanding.isEmpty ? plan : try check(planner, local)
    var report = PublishReport(target: target.name)
    report.files = plan.count
    report.bytes = plan.bytes
    report.deleted = try delete(after, stage)
    let trace = TraceFile(date: now, server: target.server, indexDigest: indexDigest, bytes: plan.bytes)
    let path = TraceFile.path(of: target.server)
    try stage.write(trace.text, to: path, in: Tree.trace)
    try rsync.send(
      [.init(base: stage.base(Tree.trace), path: path)], ["--mkpath"], as: "sending", bytes: 0)
    return report
  }

  private enum Tree {
    static let names: FileName = "names"
    static let empty: FileName = "empty"
    static let trace: FileName = "trace"
  }

  /// Keeps links and indexes as they are now: builds move links without the mirror's lock.
  private func copy(
    _ plan: PublishPlan, to stage: borrowing PublishStage
  ) throws(MirrorError) -> [UInt8]? {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var indexDigest: [UInt8]?
    for entry in plan.indexes.all {
      let bytes = try stage.copy(entry, into: Tree.names, from: anchor)
      if entry.path == "index.xml" {
        indexDigest = try OpenSSLDigest.sha256(of: bytes)
      }
    }
    for entry in plan.marks {
      if case .link(let text) = entry.node { try stage.link(entry.path, to: text, in: Tree.names) }
    }
    return indexDigest
  }

  /// Sends what makes the payload known: each step after all that it names.
  ///
  /// Where a tarball is replaced all goes in one run, which renames everything at its end: a digest and the
  /// tarball that it is of cannot be changed at once, but within a moment.
  private func sendNames(
    _ plan: PublishPlan, _ local: LocalListing, _ stage: borrowing PublishStage
  ) throws(MirrorError) {
    let names = stage.base(Tree.names)
    let marks = plan.marks.map { entry in
      Rsync.Item(base: entry.role == .link ? names : mirror.root, path: entry.path)
    }
    let pages = items(plan.pages.all)
    let indexes = plan.indexes.all.map { Rsync.Item(base: names, path: $0.path) }
    let tarballs = Set(plan.replaced.lazy.map(\.path).filter { TarballName($0.name) != nil })
    guard tarballs.isEmpty else {
      let replaced = Set(plan.replaced.map(\.path))
      // A sidecar may have the size and the second of the one before it.
      let sidecars = local.entries.filter { entry in
        guard !replaced.contains(entry.path), let sidecar = SidecarKind.parse(entry.path.name) else {
          return false
        }
        return tarballs.contains(entry.path.parent.appending(sidecar.tarball))
      }
      return try rsync.send(
        items(plan.replaced + sidecars) + marks + pages + indexes, ["--ignore-times"], as: "sending",
        bytes: plan.bytes)
    }
    try rsync.send(items(plan.replaced) + marks, ["--ignore-times"], as: "sending", bytes: 0)
    // An index may be written twice within a second.
    if plan.pages.changed.isEmpty, plan.indexes.changed.isEmpty {
      return try rsync.send(pages + indexes, ["--checksum"], as: "sending", bytes: 0)
    }
    try rsync.send(pages, ["--checksum"], as: "sending", bytes: 0)
    try rsync.send(indexes, ["--checksum"], as: "sending", bytes: 0)
  }

  /// Looks at the other side again.
  private func check(_ planner: PublishPlanner, _ local: LocalListing) throws(MirrorError) -> PublishPlan {
    let after = planner.plan(local, try remoteListing().mirror)
    if let first = after.outstanding.first { throw notThere(first, after.outstanding.count) }
    return after
  }

  private func notThere(_ entry: LocalEntry, _ count: Int) -> MirrorError {
    let others = count > 1 ? ", nor are \(count - 1) more" : ""
    return MirrorError(
      .changed, target.subject, "\(entry.path) is not there as it was sent\(others)",
      remedy: "does anyone else write there? Run again")
  }

  private func delete(_ plan: PublishPlan, _ stage: borrowing PublishStage) throws(MirrorError) -> Int {
    guard !plan.deletions.isEmpty else { return 0 }
    guard plan.deletions.count <= target.maxDelete else {
      throw MirrorError(
        .refused, target.subject,
        "\(plan.deletions.count) names would be removed there, more than max-delete: \(target.maxDelete)",
        remedy:
          "look at `mirrorctl publish \(target.name) --dry-run`, and raise publish/\(target.name)/max-delete")
    }
    let gone = Set(plan.deletions)
    let staying = Set(plan.deletions.flatMap(\.ancestors)).subtracting(gone)
    try stage.makeDirectory(.root, in: Tree.empty)
    for path in staying { try stage.makeDirectory(path, in: Tree.empty) }
    try rsync.remove(plan.deletions, staying: staying, empty: stage.base(Tree.empty))
    return plan.deletions.count
  }
}
