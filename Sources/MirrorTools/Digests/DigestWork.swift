import MirrorModel
import Hashing
import LinuxSystem
import Synchronization

/// The steps of one `digestgen` run, and their results, which arrive from several threads.
final class DigestWork: Sendable {
  let anchor: Shared<AnchoredDirectory>
  let layout: MirrorLayout
  private let digestFile: DigestFile
  private let catalog: Catalog
  private let kinds: ArtifactKinds
  /// Links to signatures and documents, by the file that they lead to.
  private let links: [MirrorPath: [MirrorPath]]
  private let forced: Set<MirrorPath>
  private let now: Int64
  private let each: @Sendable (DigestReport.Action) -> Void
  private let state: Mutex<State>

  private struct State {
    var records: [MirrorPath: CatalogRecord]
    var unsaved: [(MirrorPath, CatalogRecord)] = []
    var report: DigestReport
    var rewritten: [MirrorPath] = []
  }

  init(
    anchor: Shared<AnchoredDirectory>, layout: MirrorLayout, catalog: Catalog, kinds: ArtifactKinds,
    records: [MirrorPath: CatalogRecord], links: [MirrorPath: [MirrorPath]], forced: Set<MirrorPath>,
    now: Int64,
    each: @escaping @Sendable (DigestReport.Action) -> Void
  ) {
    self.anchor = anchor
    self.layout = layout
    digestFile = DigestFile(layout)
    self.catalog = catalog
    self.kinds = kinds
    self.links = links
    self.forced = forced
    self.now = now
    self.each = each
    state = Mutex(State(records: records, report: DigestReport(mirror: "\(anchor.value.root)")))
  }

  var report: DigestReport { state.withLock { $0.report } }

  /// The current records of tarballs.
  var records: [MirrorPath: CatalogRecord] { state.withLock { $0.records } }

  /// Digest files written in this run.
  var rewritten: [MirrorPath] { state.withLock { $0.rewritten } }

  func note(_ kind: DigestReport.Kind, _ path: MirrorPath) {
    let action = DigestReport.Action(kind: kind, path: path)
    state.withLock { $0.report.actions.append(action) }
    if kind.isSentAtOnce { each(action) }
  }

  func note(_ problem: MirrorError) { state.withLock { $0.report.problems.append(problem) } }

  func note(corrupt: [MirrorPath]) { state.withLock { $0.report.corrupt += corrupt } }

  /// Processes the digests of one file: writes its sidecar and records them, unless the file is corrupt.
  func take(_ result: Result<DigestResult, MirrorError>, of path: MirrorPath) {
    attempt { () throws(MirrorError) in
      let result = try result.get()
      let directory = try anchor.value.directory(path.parent)
      let previous = state.withLock { $0.records[path] }
      if let damaged = try damage(path, previous, result, directory) {
        remember(path, damaged) { report in report.corrupt.append(path) }
        return
      }
      if let fault = result.fault {
        // Digests of a damaged tarball would make it look intact.
        remember(path, CatalogRecord(identity: result.identity, hashedAt: now, fault: fault)) { report in
          report.problems.append(.damaged(directory.displayed(path.name), fault))
        }
        return
      }
      let isSame = previous.map { result.identity.isSameFile(as: $0.identity) } ?? false
      try dropSignatures(of: path, unlessOf: result, previous, directory)
      let digests = isSame ? result.digests.merging(previous?.digests ?? DigestSet()) : result.digests
      let sidecar = try writeHashText(digests, path, directory)
      let record = CatalogRecord(identity: result.identity, sidecar: sidecar, digests: digests, hashedAt: now)
      remember(path, record) { report in report.bytes &+= result.identity.size }
      note(.digested, path)
    }
  }

  /// Removes the signatures and documents of a tarball whose content changed: they are not valid any more.
  private func dropSignatures(
    of path: MirrorPath, unlessOf result: DigestResult, _ previous: CatalogRecord?,
    _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    var known = previous?.digests
    if known == nil { known = try? digestFile.digests(of: path.name, in: directory) }
    guard let known, !known.agrees(with: result.digests) else { return }
    let names =
      SignatureFormat.allCases.map { $0.signature(of: path.name) }
      + SidecarKind.documents.map { path.name.appending($0.rawValue) }
    for name in names {
      for link in links[path.parent.appending(name)] ?? [] {
        let folder = try anchor.value.directory(link.parent)
        guard try folder.status(of: link.name)?.kind == .link else { continue }
        try folder.unlink(link.name)
        try folder.sync()
        note(.removed, link)
      }
    }
    for name in try SignatureFiles.drop(of: path.name, in: directory) {
      note(.removed, path.parent.appending(name))
    }
    try dropDocuments(of: path, directory)
  }

  /// Removes the documents of a tarball whose content changed: they describe another one.
  private func dropDocuments(
    of path: MirrorPath, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for kind in SidecarKind.documents {
      let document = path.parent.appending(path.name.appending(kind.rawValue))
      guard try directory.status(of: document.name) != nil else { continue }
      try dropSignatures(of: document, directory)
      try directory.unlink(document.name)
      note(.removed, document)
    }
    try directory.sync()
  }

  /// Separates planned signatures: those to make, because they are missing, older than their file, or to be
  /// made again; and those to check.
  func sorted(
    _ signatures: [DigestPlan.Signature]
  ) -> (wanting: [DigestPlan.Signature], doubtful: [DigestPlan.Signature]) {
    var (wanting, doubtful): ([DigestPlan.Signature], [DigestPlan.Signature]) = ([], [])
    for signature in signatures {
      if signature.reason == .again || signature.reason == .expired {
        wanting.append(signature)
        continue
      }
      attempt { () throws(MirrorError) in
        let directory = try anchor.value.directory(signature.path.parent)
        guard let file = try directory.status(of: signature.path.name) else { return }
        let isWanting = try SignatureFiles.isWanting(
          signature.format, of: signature.path.name, file.identity, in: directory)
        if isWanting { wanting.append(signature) } else { doubtful.append(signature) }
      }
    }
    return (wanting, doubtful)
  }

  /// The record of a tarball that was not replaced but has other content than recorded; otherwise nil.
  private func damage(
    _ path: MirrorPath, _ previous: CatalogRecord?, _ result: DigestResult,
    _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> CatalogRecord? {
    guard !forced.contains(path) else { return nil }
    var known = previous
    if known == nil,
      let claim = try digestFile.digests(of: path.name, notOlderThan: result.identity, in: directory)
    {
      known = CatalogRecord(identity: result.identity, digests: claim)
    }
    guard var record = known, !record.digests.agrees(with: result.digests),
      record.identity.hasSameContentTimes(as: result.identity)
    else { return nil }
    record.identity = result.identity
    record.isCorrupt = true
    return record
  }

  /// Writes a sidecar with known digests, or adopts an existing one.
  func settle(_ known: DigestPlan.Known) {
    attempt { () throws(MirrorError) in
      var record = known.record
      if known.isAdoption {
        remember(known.path, record)
        return note(.adopted, known.path)
      }
      let directory = try anchor.value.directory(known.path.parent)
      let name = digestFile.name(of: known.path.name)
      let existing = try? digestFile.text(of: known.path.name, in: directory)
      if existing == digestFile.text(record.digests, of: known.path.name) {
        record.sidecar = try directory.status(of: name)?.identity
        remember(known.path, record)
      } else {
        record.sidecar = try writeHashText(record.digests, known.path, directory)
        remember(known.path, record)
        note(.written, known.path.parent.appending(name))
      }
    }
  }

  private func writeHashText(
    _ digests: DigestSet, _ path: MirrorPath, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileIdentity? {
    guard let text = digestFile.text(digests, of: path.name),
      let tarball = try directory.status(of: path.name)
    else { return nil }
    let name = digestFile.name(of: path.name)
    try dropSignatures(of: path.parent.appending(name), directory)
    let written = try DurableFile.write(text, to: name, in: directory, Ownership(of: tarball))
    state.withLock { $0.rewritten.append(path.parent.appending(name)) }
    return written.identity
  }

  private func dropSignatures(
    of file: MirrorPath, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for name in try SignatureFiles.drop(of: file.name, in: directory) {
      note(.removed, file.parent.appending(name))
    }
  }

  private func remember(
    _ path: MirrorPath, _ record: CatalogRecord, _ change: (inout DigestReport) -> Void = { _ in }
  ) {
    let isFull = state.withLock { state in
      state.records[path] = record
      state.unsaved.append((path, record))
      change(&state.report)
      return state.unsaved.count >= 256
    }
    if isFull { flush() }
  }

  /// Notes that a digest file was replaced by the same text with a signature.
  func noteSealed(_ path: MirrorPath, _ identity: FileIdentity) {
    guard let (kind, tarball) = SidecarKind.parse(path.name, kinds), kind == layout.digestFile else { return }
    let tarballPath = path.parent.appending(tarball)
    guard var record = records[tarballPath] else { return }
    record.sidecar = identity
    remember(tarballPath, record)
  }

  /// Writes pending records to the catalog. If a run is killed, the next one adopts its sidecars.
  func flush() {
    let unsaved = state.withLock { state in
      defer { state.unsaved = [] }
      return state.unsaved
    }
    attempt { () throws(MirrorError) in try catalog.update(storing: unsaved) }
  }

  func forget(_ paths: [MirrorPath], signatures: [MirrorPath]) {
    attempt { () throws(MirrorError) in
      try catalog.update(storing: [], forgetting: paths)
      try catalog.update(checked: [], forgetting: signatures)
    }
  }

  /// Writes the `.DIGESTS` of the tarballs in a folder if they changed.
  func writeDigests(of folder: DigestPlan.FolderSidecars) {
    write(in: folder.path) { writer throws(MirrorError) in try writer.writeDigests(of: folder.digests) }
  }

  /// Writes the files that list all tarballs of a folder if they changed.
  func writeManifests(of folder: DigestPlan.FolderSidecars) {
    write(in: folder.path) { writer throws(MirrorError) in
      try writer.writeManifests(folder.manifests, signatures: folder.signatures)
    }
  }

  private func write(
    in folder: MirrorPath, _ body: (borrowing ManifestWriter) throws(MirrorError) -> [FileName]
  ) {
    attempt { () throws(MirrorError) in
      let records = state.withLock { $0.records }
      let writer = try ManifestWriter(
        directory: try anchor.value.directory(folder), records: records, layout: layout, kinds: kinds
      ) {
        self.note(.removed, folder.appending($0))
      }
      for name in try body(writer) {
        note(.written, folder.appending(name))
        state.withLock { $0.rewritten.append(folder.appending(name)) }
      }
    }
  }

  func change(_ link: DigestPlan.LinkChange) {
    attempt { () throws(MirrorError) in
      let directory = try anchor.value.directory(link.path.parent)
      let name = link.path.name
      if let text = link.text {
        // Its sidecar may not have been written.
        guard !directory.linkIsDead(text) else { return }
        try directory.replaceLink(name, to: text.bytes, Ownership(of: try directory.status()))
        try directory.sync()
        note(.linked, link.path)
      } else {
        // Its target may exist since the scan.
        guard try directory.status(of: name)?.kind == .link, directory.linkIsDead(name) else { return }
        try directory.unlink(name)
        try directory.sync()
        note(.removed, link.path)
      }
    }
  }

  /// Makes a removed link to a signature again if the signature exists again.
  func restore(_ link: DigestPlan.LinkChange) {
    attempt { () throws(MirrorError) in
      if try anchor.value.directory(link.path.parent).status(of: link.path.name) == nil { change(link) }
    }
  }

  func remove(_ removal: DigestPlan.Removal) {
    attempt { () throws(MirrorError) in
      let directory = try anchor.value.directory(removal.path.parent)
      guard try directory.status(of: removal.tarball) == nil else { return }
      try directory.unlink(removal.path.name)
      try directory.sync()
      note(.removed, removal.path)
    }
  }

  private func attempt(_ body: () throws(MirrorError) -> Void) {
    do throws(MirrorError) { try body() } catch {
      state.withLock { $0.report.problems.append(error) }
    }
  }
}

extension FileIdentity {
  /// Whether the file was not modified by ordinary means: the same file with the same mtime and size.
  ///
  /// The ctime is ignored, because a change of owner updates it.
  func hasSameContentTimes(as other: FileIdentity) -> Bool {
    inode == other.inode && size == other.size && mtime == other.mtime
  }
}
