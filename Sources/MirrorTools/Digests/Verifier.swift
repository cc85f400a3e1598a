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
    var report = VerifyReport(mirror: "\(mirror.root)")
    let selected = try select(subset, of: mirror, options, anchor.value, &report)
    let wanted = Dictionary(grouping: selected, by: \.folder).mapValues { Set($0.map(\.name)) }
    var subjects: [MirrorPath: VerifySubject] = [:]
    var walk = CatalogWalk(context.catalog)
    try walk.forEach(mirror, where: { wanted[$0.path] != nil }) { folder, records in
      for subject in collect(folder, wanted[folder.path] ?? [], records, anchor.value, &report) {
        if subject.isDigested {
          subjects[subject.path] = subject
        } else {
          report.findings.append(.init(path: subject.path, verdict: .undigested, detail: nil))
        }
      }
    }
    let stream = FindingStream(anchor, decodes: decodes, judgesSignatures: context.signing != nil, each: each)
    report.findings.sort { $0.path < $1.path }
    for finding in report.findings { stream.send(finding) }
    read(selected, subjects, anchor, stream, into: &report)
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

  /// Selects the tarballs to read, without reading what describes them. Reports tarballs without digests, and what
  /// describes missing tarballs.
  private func select(
    _ subset: VerifySubset, of mirror: Mirror, _ options: DigestOptions,
    _ anchor: borrowing AnchoredDirectory,
    _ report: inout VerifyReport
  ) throws(MirrorError) -> [VerifySubset.Candidate] {
    let beingBuilt = mirror.subarches.flatMap { subarch in
      subarch.versions.filter(subarch.isBeingBuilt).map(\.path)
    }
    var candidates: [VerifySubset.Candidate] = []
    var walk = CatalogWalk(context.catalog)
    try walk.forEach(mirror) { folder, records in
      guard !beingBuilt.contains(where: { folder.path.isWithin($0) }) else { return }
      let claims = manifestClaims(of: folder, anchor, &report)
      let listed = claims.compactMap { claim in
        claim.claim.file.map { (file: claim.kind.fileName, tarball: $0) }
      }
      let named = Set(listed.map(\.tarball))
      for tarball in folder.tarballs where tarball.format.isReleased && options.includes(tarball.path) {
        let record = records[tarball.name]
        let isDigested =
          record != nil || named.contains(tarball.name)
          || folder.sidecars(of: tarball.name).contains { $0.kind.isRead }
        guard isDigested else {
          report.findings.append(.init(path: tarball.path, verdict: .undigested, detail: nil))
          continue
        }
        candidates.append(
          .init(
            folder: folder.path, name: tarball.name, size: tarball.status.size, verifiedAt: record?.verifiedAt
          ))
      }
      findOrphans(in: folder, listed, options, &report)
    }
    let selected = subset.select(from: candidates)
    report.left = candidates.count - selected.count
    return selected
  }

  /// Reports files that describe a tarball that does not exist.
  private func findOrphans(
    in folder: Folder, _ listed: [(file: FileName, tarball: FileName)], _ options: DigestOptions,
    _ report: inout VerifyReport
  ) {
    func isMissing(_ name: FileName) -> Bool { folder.tarball(name) == nil && folder.link(name) == nil }
    // A published copy may have only the provenance of a stage1.
    let sidecars = folder.sidecars.filter { $0.kind != .provenance && isMissing($0.tarball) }
    let orphans =
      sidecars.map { (file: $0.name, tarball: $0.tarball) } + listed.filter { isMissing($0.tarball) }
    for (file, tarball) in orphans {
      let path = folder.path.appending(file)
      guard options.includes(path) else { continue }
      report.findings.append(.init(path: path, verdict: .orphan, detail: "\(tarball) does not exist"))
    }
  }

  /// Collects tarballs of a folder with all claims about them.
  private func collect(
    _ folder: Folder, _ wanted: Set<FileName>, _ records: [FileName: CatalogRecord],
    _ anchor: borrowing AnchoredDirectory, _ report: inout VerifyReport
  ) -> [VerifySubject] {
    var own: [FileName: VerifySubject] = [:]
    for name in wanted {
      guard let tarball = folder.tarball(name) else { continue }
      own[name] = VerifySubject(
        path: tarball.path, identity: tarball.status.identity, record: records[name])
    }
    for sidecar in wanted.lazy.flatMap(folder.sidecars(of:)) where sidecar.kind.isRead {
      let claims = read(sidecar.name, of: folder, anchor, nil, &report)
      // Gentoo's DIGESTS are also those of the list of contents.
      let merged = claims.filter { ($0.file ?? sidecar.tarball) == sidecar.tarball }
        .reduce(DigestSet()) { $0.merging($1.digests) }
      own[sidecar.tarball]?.claims.append(
        .init(
          sidecar: sidecar.name, mtime: sidecar.identity.mtime, digests: merged, size: claims.first?.size))
    }
    // Their problems were reported when the tarballs were selected.
    var known = VerifyReport(mirror: report.mirror)
    for (kind, mtime, claim) in manifestClaims(of: folder, anchor, &known) {
      guard let name = claim.file else { continue }
      own[name]?.claims.append(
        .init(sidecar: kind.fileName, mtime: mtime, digests: claim.digests, size: claim.size))
    }
    return own.values.sorted { $0.path < $1.path }
  }

  /// The claims of the files that list all tarballs of a folder.
  private func manifestClaims(
    of folder: Folder, _ anchor: borrowing AnchoredDirectory, _ report: inout VerifyReport
  ) -> [(kind: ManifestKind, mtime: Int64, claim: SidecarText.Claim)] {
    var claims: [(kind: ManifestKind, mtime: Int64, claim: SidecarText.Claim)] = []
    guard !folder.manifests.isEmpty else { return claims }
    for kind in ManifestKind.allCases where folder.manifests.contains(kind) {
      let mtime = (try? anchor.directory(folder.path).status(of: kind.fileName))??.identity.mtime ?? .min
      for claim in read(kind.fileName, of: folder, anchor, kind.algorithm, &report) {
        guard let name = claim.file, context.kinds.includes(name) else { continue }
        claims.append((kind, mtime, claim))
      }
    }
    return claims
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
    _ selected: [VerifySubset.Candidate], _ subjects: [MirrorPath: VerifySubject],
    _ anchor: Shared<AnchoredDirectory>, _ stream: FindingStream,
    into report: inout VerifyReport
  ) {
    let work = selected.compactMap { subjects[$0.path] }
    let requests = work.map { subject in
      let algorithms =
        subject.claims.isEmpty
        ? subject.record?.digests.algorithms ?? [] : subject.claims.flatMap(\.digests.algorithms)
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
        let (finding, record) = subject.judge(result, now: now)
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

extension SidecarKind {
  /// Whether it contains a digest of its tarball.
  fileprivate var isRead: Bool { tellsDigests || isDocument || self == .metalink }
}
