import MirrorModel
import StageTrees
import LinuxSystem
import Synchronization
import SystemPackage

/// Decompresses tarballs to find those that were damaged before they were digested.
struct DecodingVerifier {
  let context: DigestContext
  let anchor: Shared<AnchoredDirectory>
  let stream: FindingStream

  /// Checks the tarballs that match their digests.
  func judge(
    _ candidates: [VerifySubset.Candidate], into report: inout VerifyReport
  ) throws(MirrorError) {
    let sound = Dictionary(
      report.findings.lazy.filter { $0.verdict == .ok || $0.verdict == .undigested }.map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
    // No program reads an image to its end; its digests tell whether it changed.
    let files = candidates.filter {
      sound[$0.path] != nil && context.kinds.format(of: $0.path.name)?.isDecodable == true
    }
    let (anchor, stream, kinds) = (anchor, stream, context.kinds)
    let devices = files.map { (try? anchor.value.status(at: $0.path))??.identity.device ?? 0 }
    let faults = Shared(Mutex<[MirrorPath: MirrorError]>([:]))
    let cancellation = context.cancellation
    context.hasher.forEach(
      Array(files.indices), as: "decompressing", size: { (files[$0].size, devices[$0]) },
      { index in
        let path = files[index].path
        do throws(MirrorError) {
          try TarballSource.check(
            path, kinds.format(of: path.name), in: anchor.value, cancellation: cancellation)
          if let finding = sound[path] { stream.send(finding, after: .decoding) }
        } catch {
          faults.value.withLock { $0[path] = error }
          guard let finding = sound[path]?.judged(by: error) else { return }
          stream.send(finding, after: .decoding)
        }
      })
    try cancellation.check()
    let found = faults.value.withLock { $0 }
    for index in report.findings.indices {
      guard let fault = found[report.findings[index].path] else { continue }
      guard fault.code == .invalid else {
        report.problems.append(fault)
        continue
      }
      report.findings[index] = report.findings[index].judged(by: fault) ?? report.findings[index]
    }
    try remember(found.filter { $0.value.code == .invalid }.map(\.key))
  }

  private func remember(_ damaged: [MirrorPath]) throws(MirrorError) {
    var records: [(MirrorPath, CatalogRecord)] = []
    for path in damaged {
      guard let identity = try anchor.value.status(at: path)?.identity else { continue }
      var record =
        try context.catalog.record(of: path) ?? CatalogRecord(identity: identity, verifiedAt: context.now)
      guard record.identity.isSameFile(as: identity) else { continue }
      record.fault = record.fault ?? .cutOff
      records.append((path, record))
    }
    try context.catalog.update(storing: records)
  }
}

extension VerifyReport.Finding {
  /// The finding after decompression failed; nil if the file could not be read.
  fileprivate func judged(by fault: MirrorError) -> Self? {
    fault.code == .invalid ? Self(path: path, verdict: .damaged, detail: fault.problem) : nil
  }
}

extension TarballSource {
  /// Decompresses a whole tarball of a mirror.
  ///
  /// - Throws: code `invalid` if it is truncated, damaged, or not compressed as its name says; also if it lacks the
  ///   end mark of a tar archive.
  static func check(
    _ path: MirrorPath, _ format: ArtifactFormat?, in anchor: borrowing AnchoredDirectory,
    cancellation: Cancellation
  ) throws(MirrorError) {
    let subject = anchor.displayed(path)
    let source = Shared(try TarballSource(try anchor.file(path), subject: subject))
    guard format?.content == .wsl || source.value.compression == format?.compression else {
      throw .damaged(subject, .otherKind)
    }
    let isWhole = try TarballSource.read(source, cancellation: cancellation) { pipe throws(MirrorError) in
      var end = ArchiveEnd()
      while let bytes = try pipe.next() { end.take(bytes) }
      return end.isThere
    }
    guard isWhole || format?.content.isTar != true else {
      throw MirrorError(.invalid, subject, "is truncated: the end mark of its archive is missing")
    }
  }
}
