import Hashing
import LinuxSystem
import MirrorModel
import Synchronization

/// Reads tarballs again and compares them with every known digest.
///
/// Takes no lock, since it writes only to the catalog.
struct Verifier {
  private let context: DigestContext
  private let readMetalink: @Sendable ([UInt8]) -> SidecarText.Claim?

  /// Creates a verifier for one mirror.
  ///
  /// - Parameter readMetalink: returns the digests that a `.meta4` contains for its tarball; nil if there are
  ///   none.
  init(_ context: DigestContext, readMetalink: @escaping @Sendable ([UInt8]) -> SidecarText.Claim?) {
    self.context = context
    self.readMetalink = readMetalink
  }

  /// Verifies a part of a mirror, or of the tarballs and directories in `paths`.
  ///
  /// - Parameters:
  ///   - decodes: whether to decompress each tarball as well.
  ///   - each: called once with every finding, on any thread, as soon as it is final.
  func verify(
    _ mirror: Mirror, subset: VerifySubset = .all, paths: [MirrorPath] = [], decodes: Bool = false,
    each: @escaping @Sendable (VerifyReport.Finding) -> Void = { _ in }
  ) throws(MirrorError) -> VerifyReport {
    var options = DigestOptions()
    options.paths = paths
    let anchor = Shared(try AnchoredDirectory(root: context.root))
    let records = try context.catalog.records()
    var report = VerifyReport(mirror: "\(mirror.root)")
    var subjects: [MirrorPath: Subject] = [:]
    let beingBuilt = mirror.subarches.flatMap { subarch in
      subarch.versions.filter(subarch.isBeingBuilt).map(\.path)
    }
    for folder in mirror.folders where !beingBuilt.contains(where: { folder.path.isWithin($0) }) {
      collect(folder, options, anchor.value, into: &subjects, &report)
    }
    let candidates = subjects.values.filter { !$0.claims.isEmpty || records[$0.path] != nil }.map {
      VerifySubset.Candidate(path: $0.path, size: $0.identity.size, verifiedAt: records[$0.path]?.verifiedAt)
    }
    let selected = subset.select(from: candidates)
    report.left = candidates.count - selected.count
    for subject in subjects.values where subject.claims.isEmpty && records[subject.path] == nil {
      report.findings.append(.init(path: subject.path, verdict: .undigested, detail: nil))
    }
    let stream = FindingStream(anchor, decodes: decodes, judgesSignatures: context.signing != nil, each: each)
    report.findings.sort { $0.path < $1.path }
    for finding in report.findings { stream.send(finding) }
    read(selected, subjects, records, anchor, stream, into: &report)
    if decodes {
      try DecodingVerifier(context: context, anchor: anchor, stream: stream).judge(selected, into: &report)
    }
    if let settings = context.signing {
      SignatureVerifier(context: context, settings: settings, anchor: anchor, stream: stream)
        .judge(mirror, options, into: &report)
    }
    // Tarballs that clean removed meanwhile are not a problem.
    report.findings.removeAll { $0.verdict != .ok && anchor.value.isGone($0.path) }
    report.findings.sort { ($0.path, $0.verdict.rawValue) < ($1.path, $1.verdict.rawValue) }
    report.problems.sort { $0.subject < $1.subject }
    for finding in report.findings { stream.send(finding, after: .all) }
    return report
  }

  /// Collects the tarballs of a folder with all claims about them, and claims about missing tarballs.
  private func collect(
    _ folder: Folder, _ options: DigestOptions, _ anchor: borrowing AnchoredDirectory,
    into subjects: inout [MirrorPath: Subject], _ report: inout VerifyReport
  ) {
    let linked = Set(folder.links.map(\.path.name))
    var own: [FileName: Subject] = [:]
    for tarball in folder.tarballs where tarball.format.isReleased && options.includes(tarball.path) {
      own[tarball.name] = Subject(path: tarball.path, identity: tarball.status.identity)
    }
    let plain = Set(folder.tarballs.map(\.name))
    func claim(
      _ claim: SidecarText.Claim, from sidecar: FileName, newer mtime: Int64, about tarball: FileName
    ) {
      let path = folder.path.appending(sidecar)
      if own[tarball] != nil {
        own[tarball]?.claims.append(
          .init(sidecar: sidecar, mtime: mtime, digests: claim.digests, size: claim.size))
      } else if !plain.contains(tarball), !linked.contains(tarball), options.includes(path),
        // A published copy may have only the provenance of a stage1.
        SidecarKind(endOf: sidecar) != .provenance
      {
        report.findings.append(.init(path: path, verdict: .orphan, detail: "\(tarball) does not exist"))
      }
    }
    for sidecar in folder.sidecars {
      let tells = sidecar.kind.tellsDigests || sidecar.kind.isDocument || sidecar.kind == .metalink
      if !tells && (plain.contains(sidecar.tarball) || linked.contains(sidecar.tarball)) { continue }
      let claims = tells ? read(sidecar.name, of: folder, anchor, nil, &report) : []
      let mtime = sidecar.identity.mtime
      // Gentoo's DIGESTS are also those of the list of contents.
      let merged = claims.filter { ($0.file ?? sidecar.tarball) == sidecar.tarball }
        .reduce(DigestSet()) { $0.merging($1.digests) }
      claim(
        .init(file: nil, digests: merged, size: claims.first?.size), from: sidecar.name, newer: mtime,
        about: sidecar.tarball)
    }
    for kind in ManifestKind.allCases where folder.manifests.contains(kind) {
      let mtime = (try? anchor.directory(folder.path).status(of: kind.fileName))??.identity.mtime ?? .min
      for one in read(kind.fileName, of: folder, anchor, kind.algorithm, &report) {
        guard let name = one.file, context.kinds.includes(name) else { continue }
        claim(one, from: kind.fileName, newer: mtime, about: name)
      }
    }
    for subject in own.values { subjects[subject.path] = subject }
  }

  private func read(
    _ sidecar: FileName, of folder: Folder, _ anchor: borrowing AnchoredDirectory,
    _ algorithm: DigestAlgorithm?,
    _ report: inout VerifyReport
  ) -> [SidecarText.Claim] {
    let path = folder.path.appending(sidecar)
    do throws(MirrorError) {
      guard let text = try anchor.contents(of: path, limit: 64 << 20) else { return [] }
      let isMetalink = sidecar.hasSuffix(".meta4")
      let claims =
        isMetalink
        ? readMetalink(text).map { [$0] } ?? []
        : documentClaims(sidecar, text) ?? SidecarText.parseAll(text, algorithm: algorithm)
      if claims.isEmpty {
        throw MirrorError(
          .invalid, anchor.displayed(path), "contains no digest", remedy: "remove it and \(run: .digestgen)"
        )
      }
      return claims
    } catch {
      report.problems.append(error)
      return []
    }
  }

  /// The digest that a document has of its tarball; nil for other files.
  private func documentClaims(_ name: FileName, _ text: [UInt8]) -> [SidecarText.Claim]? {
    guard let (kind, tarball) = SidecarKind.parse(name, context.kinds), kind.isDocument else { return nil }
    let digests = DocumentDigests.digests(text, kind, of: tarball)
    return digests.map { [SidecarText.Claim(file: nil, digests: $0, size: nil)] } ?? []
  }

  private func read(
    _ selected: [VerifySubset.Candidate], _ subjects: [MirrorPath: Subject],
    _ records: [MirrorPath: CatalogRecord], _ anchor: Shared<AnchoredDirectory>, _ stream: FindingStream,
    into report: inout VerifyReport
  ) {
    let work = selected.compactMap { subjects[$0.path] }
    let requests = work.map { subject in
      let algorithms =
        subject.claims.isEmpty
        ? records[subject.path]?.digests.algorithms ?? [] : subject.claims.flatMap(\.digests.algorithms)
      return DigestRequest(
        path: subject.path, size: subject.identity.size, device: subject.identity.device,
        algorithms: Set(algorithms))
    }
    let gathered = Shared(Mutex(report))
    let unsaved = Shared(Mutex<[(MirrorPath, CatalogRecord)]>([]))
    let (catalog, now) = (context.catalog, context.now)
    let save: @Sendable (Int) -> Void = { atLeast in
      let batch = unsaved.value.withLock { batch in
        guard batch.count >= atLeast else { return [] as [(MirrorPath, CatalogRecord)] }
        defer { batch = [] }
        return batch
      }
      do throws(MirrorError) { try catalog.update(storing: batch) } catch {
        gathered.value.withLock { $0.problems.append(error) }
      }
    }
    context.hasher.hash(requests, as: "verifying", in: anchor) { index, outcome in
      let subject = work[index]
      switch outcome {
      case .failure(let problem):
        if anchor.value.isGone(subject.path) { return }
        gathered.value.withLock { $0.problems.append(problem) }
      case .success(let result):
        let (finding, record) = subject.judge(result, records[subject.path], now: now)
        gathered.value.withLock { report in
          report.findings.append(finding)
          report.read.files += 1
          report.read.bytes &+= result.identity.size
        }
        stream.send(finding, after: .reading)
        guard let record else { return }
        unsaved.value.withLock { $0.append((subject.path, record)) }
        save(256)
      }
    }
    save(1)
    report = gathered.value.withLock { $0 }
  }
}

/// A tarball and the claims about it.
private struct Subject: Sendable {
  struct Claim: Sendable {
    let sidecar: FileName
    let mtime: Int64
    let digests: DigestSet
    let size: Int64?
  }

  let path: MirrorPath
  let identity: FileIdentity
  var claims: [Claim] = []

  /// The verdict on a file, and the record to store in the catalog.
  func judge(
    _ result: DigestResult, _ record: CatalogRecord?, now: Int64
  ) -> (VerifyReport.Finding, CatalogRecord?) {
    let broken = claims.filter { claim in
      !claim.digests.agrees(with: result.digests) || (claim.size.map { $0 != result.identity.size } ?? false)
    }
    let agreesWithRecord = record.map { $0.digests.agrees(with: result.digests) } ?? true
    var remembered = record
    remembered?.verifiedAt = now
    let names = broken.map { "\($0.sidecar)" }.joined(separator: ", ")
    func finding(_ verdict: VerifyReport.Verdict, _ detail: String?) -> VerifyReport.Finding {
      .init(path: path, verdict: verdict, detail: detail)
    }
    if broken.isEmpty && agreesWithRecord {
      if let fault = result.fault {
        remembered = remembered ?? CatalogRecord(identity: result.identity, verifiedAt: now)
        remembered?.identity = result.identity
        remembered?.fault = fault
        return (finding(.damaged, fault.detail), remembered)
      }
      if var known = remembered {
        known.identity = result.identity
        (known.isCorrupt, known.fault) = (false, nil)
        remembered = known
      }
      return (
        finding(claims.isEmpty ? .undigested : .ok, claims.isEmpty ? "matches the catalog" : nil), remembered
      )
    }
    if let record {
      guard record.identity.hasSameContentTimes(as: result.identity) else {
        return (finding(.changed, "replaced after \(names.isEmpty ? "it was digested" : names)"), nil)
      }
      guard agreesWithRecord else {
        remembered?.identity = result.identity
        remembered?.isCorrupt = true
        return (
          finding(.corrupt, "content differs from \(names.isEmpty ? "the catalog" : names)"), remembered
        )
      }
      return (finding(.changed, "\(names) does not match, but the content is unchanged"), remembered)
    }
    // Without a record, a sidecar that is newer than the tarball counts as evidence for this content.
    guard let witness = broken.first(where: { result.identity.isOlder(than: $0.mtime) }) else {
      return (finding(.changed, "replaced after \(names)"), nil)
    }
    let corrupt = CatalogRecord(
      identity: result.identity, digests: witness.digests, verifiedAt: now, isCorrupt: true)
    return (finding(.corrupt, "content differs from \(names)"), corrupt)
  }
}
