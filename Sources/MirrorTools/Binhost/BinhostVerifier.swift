import Hashing
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// Compares the binary packages of a mirror with their `Packages`, their Manifests and their signatures.
struct BinhostVerifier: Sendable {
  let root: FilePath
  let settings: BinhostSettings
  let hasher: FileHasher
  /// Seconds since the epoch.
  let now: Int64

  /// Verifies the packages of some trees.
  ///
  /// - Parameters:
  ///   - paths: packages and directories to limit the work to; none for all.
  ///   - each: called with every finding, on any thread.
  func verify(
    _ trees: [BinhostTree], subset: VerifySubset, paths: [MirrorPath],
    into report: inout VerifyReport, each: @escaping @Sendable (VerifyReport.Finding) -> Void
  ) throws(MirrorError) {
    guard !trees.isEmpty else { return }
    let anchor = Shared(try AnchoredDirectory(root: root))
    let signatures = try settings.signing.map { settings throws(MirrorError) in
      Shared(PackageSignatures(try SignatureChecker(settings, cancellation: hasher.cancellation)))
    }
    for tree in trees {
      try hasher.cancellation.check()
      let index: PackagesIndex?
      do throws(MirrorError) { index = try tree.readIndex(anchor.value) } catch {
        report.problems.append(error)
        continue
      }
      let state = Monitor<
        (findings: [VerifyReport.Finding], problems: [MirrorError], files: Int, bytes: Int64)
      >(
        (
          Self.orphans(of: index, tree, anchor.value)
            + [try copyFinding(tree, anchor.value)].compactMap(\.self), [], 0, 0
        ))
      let files = tree.files.filter { file in paths.isEmpty || paths.contains { file.path.isWithin($0) } }
      let chosen = Set(select(subset, files).map(\.path))
      report.left += files.count - chosen.count
      let entries = Dictionary((index?.entries ?? []).map { (tree.path.joined($0.path), $0) }) { $1 }
      let reader = PackageReader(anchor: anchor, tree: tree, cancellation: hasher.cancellation)
      hasher.forEach(
        files.filter { chosen.contains($0.path) }, as: "verifying packages",
        size: { ($0.status.size, $0.status.identity.device) }
      ) { file in
        do throws(MirrorError) {
          let finding = try Self.judge(
            file, try reader.read(file, keepsContent: true), entries[file.path], signatures?.value)
          state.withLock { state in
            state.findings.append(finding)
            state.files += 1
            state.bytes &+= file.status.size
          }
          each(finding)
        } catch {
          if anchor.value.isGone(file.path) { return }
          state.withLock { $0.problems.append(error) }
        }
      }
      let result = state.withLock { $0 }
      for finding in result.findings where finding.path.parent == tree.path { each(finding) }
      report.findings += result.findings
      report.problems += result.problems
      report.read.files += result.files
      report.read.bytes &+= result.bytes
    }
    report.findings.sort { ($0.path, $0.verdict.rawValue) < ($1.path, $1.verdict.rawValue) }
    report.problems.sort { $0.subject < $1.subject }
  }

  /// The packages of a part. A share is another part on each day, so that no record of them is needed.
  private func select(_ subset: VerifySubset, _ files: [BinhostTree.File]) -> [VerifySubset.Candidate] {
    let candidates = files.map {
      VerifySubset.Candidate(path: $0.path, size: $0.status.size, verifiedAt: nil)
    }
    let share: Double
    switch subset {
    case .all, .part: return subset.select(from: candidates)
    case .fraction(let fraction): share = fraction
    case .bytes(let bytes): share = Double(bytes) / max(1, candidates.reduce(0.0) { $0 + Double($1.size) })
    }
    let count = min(1_000_000, max(1, Int((1 / max(share, 1e-6)).rounded(.up))))
    let number = Int(now / 86_400) % count + 1
    return VerifySubset.part(number: number, of: count).select(from: candidates)
  }

  /// Entries of an index whose package does not exist.
  private static func orphans(
    of index: PackagesIndex?, _ tree: BinhostTree, _ anchor: borrowing AnchoredDirectory
  ) -> [VerifyReport.Finding] {
    let files = Set(tree.files.map(\.path))
    var findings: [VerifyReport.Finding] = []
    for entry in index?.entries ?? [] where !files.contains(tree.path.joined(entry.path)) {
      // A build may have just put it there.
      if entry.path.isPlain, !anchor.isGone(tree.path.joined(entry.path)) { continue }
      findings.append(
        VerifyReport.Finding(path: tree.indexPath, verdict: .orphan, detail: "\(entry.path) does not exist"))
    }
    return findings
  }

  /// The finding on a compressed copy that differs from `Packages`; nil if there is none.
  private func copyFinding(
    _ tree: BinhostTree, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> VerifyReport.Finding? {
    guard tree.compressed != nil else { return nil }
    let path = tree.path.appending(PackagesIndex.compressedName)
    let plain = try anchor.contents(of: tree.indexPath, limit: PackagesIndex.largest) ?? []
    func finding(_ verdict: VerifyReport.Verdict, _ detail: String) -> VerifyReport.Finding {
      VerifyReport.Finding(path: path, verdict: verdict, detail: detail)
    }
    do throws(MirrorError) {
      let source = Shared(try TarballSource(try anchor.file(path), subject: anchor.displayed(path)))
      let isSame = try TarballSource.read(source, cancellation: hasher.cancellation) {
        pipe throws(MirrorError) in
        var rest = plain[...]
        while let chunk = try pipe.next() {
          guard rest.starts(with: chunk) else { return false }
          rest = rest.dropFirst(chunk.count)
        }
        return rest.isEmpty
      }
      return isSame ? nil : finding(.changed, "differs from Packages")
    } catch {
      guard error.code == .invalid else { throw error }
      return finding(.damaged, error.problem)
    }
  }

  private static func judge(
    _ file: BinhostTree.File, _ reading: PackageReading, _ entry: PackageEntry?,
    _ signatures: PackageSignatures?
  ) throws(MirrorError) -> VerifyReport.Finding {
    func finding(_ verdict: VerifyReport.Verdict, _ detail: String?) -> VerifyReport.Finding {
      .init(path: file.path, verdict: verdict, detail: detail)
    }
    if let entry {
      let isSame =
        (entry.size ?? file.status.size) == file.status.size && entry.agrees(with: reading.sums)
      guard isSame else {
        return entry.seconds == file.seconds
          ? finding(.corrupt, "content differs from Packages")
          : finding(.changed, "replaced after Packages was written")
      }
    }
    if let fault = reading.fault { return finding(.damaged, fault) }
    guard let entry else { return finding(.undigested, "is not in Packages") }
    if let found = reading.entry, let key = entry.difference(from: found) {
      return finding(.changed, "Packages has another \(key)")
    }
    if let signatures, let (verdict, detail) = try signatures.objection(to: reading.gpkg) {
      return finding(verdict, detail)
    }
    return finding(.ok, nil)
  }
}

/// Checks the signatures in binary packages.
struct PackageSignatures: Sendable {
  private let checker: SignatureChecker

  init(_ checker: SignatureChecker) { self.checker = checker }

  /// Why a package does not count as signed; nil if it does.
  ///
  /// The Manifest has the digests of all other members, signatures included; so only the signature of the metadata,
  /// which clients read first, is checked besides.
  func objection(to gpkg: Gpkg?) throws(MirrorError) -> (VerifyReport.Verdict, String)? {
    guard let gpkg, gpkg.isSigned else { return (.unsigned, "its Manifest is not signed") }
    let (verdict, text) = try checker.verdict(onSigned: gpkg.manifest)
    guard verdict == .valid else { return (.missigned, "its Manifest: \(verdict)") }
    if let fault = gpkg.fault(against: text) { return (.missigned, fault) }
    for member in gpkg.members.map(\.name)
    where member != "gpkg-1" && member != "Manifest" && !member.hasSuffix(".sig")
      && gpkg.signatures[member] == nil
    {
      return (.unsigned, "\(escaped(Array(member.utf8))) in it is not signed")
    }
    guard let signature = gpkg.signatures[gpkg.metadata.name] else { return nil }
    let second = try checker.verdict(on: signature, of: gpkg.metadata.bytes)
    return second == .valid ? nil : (.missigned, "\(gpkg.metadata.name) in it: \(second)")
  }
}
