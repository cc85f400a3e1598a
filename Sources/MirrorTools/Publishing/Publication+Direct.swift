import Hashing
import MirrorModel
import LinuxSystem
import SystemPackage

extension Publication {
  /// Sends straight into the mirror there: payload, then files that refer to it, then deletions, then the
  /// trace.
  func publish() throws(MirrorError) -> DestinationReport {
    var survey = try survey(remembers: true)
    if destination.deletes, survey.local.isWhole, survey.planner.knowledge.record != nil {
      try catalog.setSuperfluous(survey.plan.superfluous, at: destination.name)
    }
    let stage = try PublishStage(in: mirror.root)
    let indexDigest = try copy(survey.plan, to: stage)
    var record = survey.planner.knowledge.record ?? SentRecord(origin: origin)
    let (count, bytes, units) = (survey.plan.count, survey.plan.bytes, survey.plan.units(mirror.kinds))
    do throws(MirrorError) { try send(&survey, &record, stage) } catch {
      guard error.code == .system(.noSpace), try makeRoom(&survey, stage) else { throw error }
      try send(&survey, &record, stage)
    }
    survey.report.files = count
    survey.report.bytes = bytes
    survey.report.units = units
    try delete(survey.plan.retracted, &survey, stage, isCounted: false)
    try delete(survey.plan.deletions, &survey, stage)
    record.settle(survey.plan.settled, at: survey.remote, survey.sums)
    record.lacks = rsync.findings.lacks
    let trace = TraceFile(date: now, server: destination.server, indexDigest: indexDigest, bytes: bytes)
    var paths = [TraceFile.path(of: destination.server)]
    try stage.write(trace.text, to: paths[0], in: Tree.trace)
    if record != survey.recordThere {
      paths.append(SentRecord.path(of: destination.server))
      try stage.write(record.text, to: paths[1], in: Tree.trace)
    }
    try rsync.send(
      paths.map { .init(base: stage.base(Tree.trace), path: $0) }, ["--mkpath", "--ignore-times"],
      as: "sending", bytes: 0)
    return survey.report
  }

  private static let key = MirrorPath(bytes: PublicKeyFile.name.bytes)

  /// Sends only the public keys, to a destination that was published to before.
  func sendKeys() throws(MirrorError) -> DestinationReport {
    var report = DestinationReport(destination: destination.name)
    guard destination.scope == .all, !destination.isStaged,
      !destination.exclusions.contains(where: { $0.matches(Self.key, mirror.kinds) })
    else { return report }
    let remote = try remoteListing().mirror
    try checkPlace(remote)
    guard !remote.nodes.isEmpty else { return report }
    let item = Rsync.Item(base: mirror.root, path: Self.key)
    guard try !rsync.differing([item], as: "comparing", bytes: 0).isEmpty else { return report }
    try rsync.send([item], ["--ignore-times"], as: "sending", bytes: 0)
    report.files = 1
    return report
  }

  private enum Tree {
    static let names: FileName = "names"
    static let empty: FileName = "empty"
    static let trace: FileName = "trace"
    static let record: FileName = "record"
  }

  /// Sends everything that differs there, and lists the other side again.
  private func send(
    _ survey: inout PublishSurvey, _ record: inout SentRecord, _ stage: borrowing PublishStage
  ) throws(MirrorError) {
    let plan = survey.plan
    if !plan.outstanding.isEmpty {
      record.begin(plan.outstanding, to: survey.remote, survey.sums)
      let path = SentRecord.path(of: destination.server)
      try stage.write(record.text, to: path, in: Tree.record)
      try rsync.send(
        [.init(base: stage.base(Tree.record), path: path)], ["--mkpath", "--ignore-times"], as: "sending",
        bytes: 0)
      survey.recordThere = record
    }
    // Signatures by a new key must not arrive before it.
    let keys = (plan.payload + plan.replaced).filter { $0.path == Self.key }
    try rsync.send(items(keys), ["--ignore-times"], as: "sending", bytes: 0)
    // Tarballs appear together with their digests, signatures and notices.
    try rsync.send(
      items(plan.payload), ["--ignore-existing"], as: "sending", bytes: plan.payload.bytes, mayLack: true)
    try checkUnchanged(plan.payload + plan.replaced)
    if !plan.payload.isEmpty { try checkArrival(&survey) }
    try delete(survey.plan.lifted, &survey, stage, isCounted: false)
    try sendNames(survey.plan, survey.local, stage)
    noteLacks(&survey)
    guard !plan.outstanding.isEmpty else { return }
    // Files of equal size count as sent; those with another time are compared.
    for entry in plan.outstanding { record.files[entry.path]?.isDoubtful = false }
    survey.planner.knowledge.record = record
    survey.planner.knowledge.compared = [:]
    survey.remote = try remoteListing().mirror
    try settle(&survey)
    try checkMunging(&survey)
    if let first = survey.plan.outstanding.first { throw notThere(first, survey.plan.outstanding.count) }
  }

  /// Checks that all payload arrived. Files that could not be read here are held, with everything that
  /// belongs to them.
  private func checkArrival(_ survey: inout PublishSurvey) throws(MirrorError) {
    let remote = try remoteListing().mirror
    let missing = survey.plan.payload.filter { remote.nodes[$0.path] == nil }
    guard let first = missing.first else { return }
    let unreadable = rsync.findings.unreadable
    guard !unreadable.isEmpty else { throw notThere(first, missing.count) }
    survey.local.hold(with: missing.map(\.path))
    survey.report.problems += unreadable.map {
      MirrorError(
        .library, destination.subject, "rsync could not read a file here: \($0)", remedy: "repair the file")
    }
    survey.remote = remote
    let sent = Set(survey.plan.replaced.map(\.path))
    try settle(&survey)
    // Held files are not replaced.
    survey.plan.replaced.removeAll { !sent.contains($0.path) }
    try checkPackages(&survey)
    try checkIndexes(&survey)
  }

  /// Copies links and indexes as they are now: builds move links without the mirror's lock.
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
    for entry in plan.marks + plan.retreats {
      if case .link(let text) = entry.node { try stage.link(entry.path, to: text, in: Tree.names) }
    }
    return indexDigest
  }

  /// Sends the files that refer to the payload: each step after everything that it refers to.
  ///
  /// If a tarball is replaced, everything is sent in one run, which renames all files at its end. A tarball
  /// and its digests cannot be changed atomically, but they change within a moment.
  private func sendNames(
    _ plan: PublishPlan, _ local: LocalListing, _ stage: borrowing PublishStage
  ) throws(MirrorError) {
    let names = stage.base(Tree.names)
    let marks = plan.marks.map { entry in
      Rsync.Item(base: entry.role == .link ? names : mirror.root, path: entry.path)
    }
    let retreats = plan.retreats.map { Rsync.Item(base: names, path: $0.path) }
    let pages = items(plan.pages.all)
    let indexes = plan.indexes.all.map { Rsync.Item(base: names, path: $0.path) }
    let tarballs = Set(
      plan.replaced.lazy.map(\.path).filter { mirror.kinds.includes($0.name) || $0.place.isInPackages })
    guard tarballs.isEmpty else {
      let replaced = Set(plan.replaced.map(\.path))
      // A new sidecar may have the size and the second of the old one.
      let sidecars = local.entries.filter { entry in
        guard !replaced.contains(entry.path), let sidecar = SidecarKind.parse(entry.path.name, mirror.kinds)
        else {
          return false
        }
        return tarballs.contains(entry.path.parent.appending(sidecar.tarball))
      }
      return try rsync.send(
        items(plan.replaced + sidecars) + marks + pages + indexes + retreats, ["--ignore-times"],
        as: "sending",
        bytes: plan.bytes)
    }
    // Files that replace others, such as a list of digests and its signature, change together.
    try rsync.send(items(plan.replaced), ["--ignore-times"], as: "sending", bytes: 0)
    try rsync.send(marks, ["--ignore-times"], as: "sending", bytes: 0, together: false)
    // An index may be written twice within a second.
    if plan.pages.changed.isEmpty, plan.indexes.changed.isEmpty {
      try rsync.send(pages + indexes, ["--checksum"], as: "sending", bytes: 0)
    } else {
      try rsync.send(pages, ["--checksum"], as: "sending", bytes: 0)
      try rsync.send(indexes, ["--checksum"], as: "sending", bytes: 0)
    }
    // No index refers to what they leave any more.
    try rsync.send(retreats, ["--ignore-times"], as: "sending", bytes: 0)
  }

  /// Reports, once, what the other side does not support.
  private func noteLacks(_ survey: inout PublishSurvey) {
    let fresh = rsync.findings.lacks.subtracting(survey.planner.knowledge.record?.lacks ?? [])
    if fresh.contains(.links) {
      survey.planner.knowledge.lacksLinks = true
      let links = (survey.plan.marks + survey.plan.retreats).filter { $0.role == .link }
      survey.report.notices.append(
        MirrorError(
          .invalid, destination.subject,
          "symbolic links are not supported there: \(links.count) links omitted, including the latest links",
          remedy: "publish to a file system with symbolic links, or add latest to index/formats"))
    }
  }

  /// Detects a daemon that munges links: they become unsafe, are dropped, and only links do not arrive.
  private func checkMunging(_ survey: inout PublishSurvey) throws(MirrorError) {
    guard case .daemon = destination.address, !survey.plan.outstanding.isEmpty,
      survey.plan.outstanding.allSatisfy({ $0.role == .link })
    else { return }
    let count = survey.plan.outstanding.count
    survey.report.problems.append(
      munged("\(count) links did not arrive, including the latest links: the rsync daemon there munges links")
    )
    survey.planner.knowledge.lacksLinks = true
    try settle(&survey)
  }

  private func notThere(_ entry: LocalEntry, _ count: Int) -> MirrorError {
    let others = count > 1 ? " (and \(count - 1) more)" : ""
    return MirrorError(
      .changed, destination.subject, "\(entry.path) is missing or different there\(others)",
      remedy: "check whether anyone else writes there, and run again")
  }
}

/// Deletions.
extension Publication {
  /// Deletes files there, within `max-delete`; files removed by `clean` or `withdraw` here do not
  /// count.
  private func delete(
    _ deletions: [MirrorPath], _ survey: inout PublishSurvey, _ stage: borrowing PublishStage,
    isCounted: Bool = true
  ) throws(MirrorError) {
    guard !deletions.isEmpty else { return }
    let cleaned = try catalog.cleaned()
    let counted = deletions.count { path in
      isCounted && !cleaned.contains(path) && !path.ancestors.contains(where: cleaned.contains)
    }
    guard counted <= destination.maxDelete else {
      throw MirrorError(
        .refused, destination.subject,
        "\(counted) files would be deleted there that clean did not remove here, more than max-delete: \(destination.maxDelete)",
        remedy:
          "see \(run: .previewPublishing(destination.name)), and raise publish/\(destination.name)/max-delete"
      )
    }
    let gone = Set(deletions)
    let staying = Set(deletions.flatMap(\.ancestors)).subtracting(gone)
    try stage.makeDirectory(.root, in: Tree.empty)
    for path in staying { try stage.makeDirectory(path, in: Tree.empty) }
    try rsync.remove(deletions, staying: staying, empty: stage.base(Tree.empty))
    survey.report.deleted += deletions.count
    for path in deletions { survey.remote.nodes[path] = nil }
  }

  /// Before anything is sent, deletes due files that nothing there refers to.
  ///
  /// - Returns: whether space was freed.
  private func makeRoom(
    _ survey: inout PublishSurvey, _ stage: borrowing PublishStage
  ) throws(MirrorError) -> Bool {
    guard !survey.plan.deletions.isEmpty else { return false }
    let named = try namedThere(survey.remote, stage)
    let free = survey.plan.deletions.filter { !named.contains($0.unit(mirror.kinds) ?? $0) }
    guard !free.isEmpty else { return false }
    try delete(free, &survey, stage)
    let gone = Set(free)
    survey.plan.deletions.removeAll(where: gone.contains)
    return true
  }

  /// The versions and snapshots that indexes and links there refer to.
  private func namedThere(
    _ remote: RemoteListing, _ stage: borrowing PublishStage
  ) throws(MirrorError) -> Set<MirrorPath> {
    var named = Set<MirrorPath>()
    let tree: FileName = "theirs"
    let indexes = remote.nodes.filter { path, node in
      node != .directory && (IndexReferences.areIn(path) || IndexReferences.arePackages(path))
    }.keys
    try stage.makeDirectory(.root, in: tree)
    try rsync.fetch(Array(indexes), into: stage.base(tree))
    for path in indexes {
      guard let text = try stage.contents(of: path, in: tree),
        let content = IndexReferences(text, at: path)
      else {
        throw MirrorError(
          .invalid, destination.subject, "\(path) there cannot be read, and its file system is full",
          remedy: "free some space there")
      }
      named.formUnion(content.references.map { $0.path.unit(mirror.kinds) ?? $0.path })
    }
    for (path, node) in remote.nodes {
      if case .link(let text) = node,
        let destination = Link.destination(of: text, in: path.parent, roots: [])
      {
        named.insert(destination.unit(mirror.kinds) ?? destination)
      }
    }
    return named
  }
}
