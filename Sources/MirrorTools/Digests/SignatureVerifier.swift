import MirrorModel
import LinuxSystem
import Synchronization

/// Checks the signatures of files that `verify` has read and found correct.
///
/// Only the key in the configuration is trusted; without one, signatures are not checked.
struct SignatureVerifier: Sendable {
  let context: DigestContext
  let settings: SigningSettings
  let anchor: Shared<AnchoredDirectory>
  let stream: FindingStream

  /// A file, and its expected signatures.
  private struct Signed: Sendable {
    let path: MirrorPath
    let size: Int64
    let device: UInt64
    /// Whether a missing signature is a problem.
    let isWanted: Bool
    /// Index of the existing finding for the file.
    let finding: Int?
  }

  /// Checks correct tarballs, their digest files, and the index at the root.
  func judge(_ mirror: Mirror, _ options: DigestOptions, into report: inout VerifyReport) {
    let files = tarballs(mirror, report) + digests(mirror, report) + index(options)
    guard !files.isEmpty, !context.cancellation.isCancelled else { return }
    let checker: SignatureChecker
    do throws(MirrorError) {
      checker = try SignatureChecker(settings, cancellation: context.cancellation)
    } catch {
      if error.code != .interrupted { report.problems.append(error) }
      return
    }
    let gathered = Shared(Mutex(report))
    context.hasher.forEach(files, as: "checking signatures", size: { ($0.size, $0.device) }) { signed in
      do throws(MirrorError) {
        let found = try self.judge(signed, checker).map {
          VerifyReport.Finding(path: signed.path, verdict: $0, detail: $1)
        }
        let finding = gathered.value.withLock { report in
          guard let index = signed.finding else {
            report.findings += found.map { [$0] } ?? []
            return found
          }
          report.findings[index] = found ?? report.findings[index]
          return report.findings[index]
        }
        if let finding { stream.send(finding, after: .all) }
      } catch {
        guard error.code != .interrupted, !anchor.value.isGone(signed.path) else { return }
        gathered.value.withLock { report in
          // A problem with gpgv concerns all signatures.
          if !report.problems.contains(error) { report.problems.append(error) }
        }
      }
    }
    report = gathered.value.withLock { $0 }
  }

  /// nil if there is nothing to report.
  private func judge(
    _ signed: Signed, _ checker: SignatureChecker
  ) throws(MirrorError) -> (VerifyReport.Verdict, String)? {
    let directory = try anchor.value.directory(signed.path.parent)
    var (missing, aged): ([FileName], (name: FileName, key: String)?) = ([], nil)
    let isInPlace = SignatureFiles.isSignedInPlace(signed.path.name, context.layout)
    for format in isInPlace ? [.clear] : SignatureFormat.allCases {
      let name = format.signature(of: signed.path.name)
      guard
        let signature = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: SignatureFiles.limit)
      else {
        if settings.formats.contains(format) { missing.append(name) }
        continue
      }
      let verdict: SignatureVerdict
      if isInPlace {
        guard ClearText(signature) != nil else {
          return signed.isWanted ? (.unsigned, "contains no signature") : nil
        }
        verdict = try checker.verdict(onClearText: signature)
      } else {
        let file = try directory.file(MirrorPath(bytes: signed.path.name.bytes))
        verdict = try checker.verdict(on: signature, of: file.pathForPrograms, bytes: signed.size)
      }
      // For downloaders who have the key the signature is good; upkeep renews it.
      if verdict == .subkeyExpired {
        aged = aged ?? (name, "an expired subkey")
      } else if case .previousKey = verdict {
        aged = aged ?? (name, "the previous key")
      } else if verdict != .valid {
        return (.missigned, "\(name) \(verdict)")
      }
    }
    guard signed.isWanted, !missing.isEmpty else {
      return aged.map { (.ok, "\($0.name) was made by \($0.key)") }
    }
    return (.unsigned, "missing \(missing.map { "\($0)" }.joined(separator: ", "))")
  }

  private func tarballs(_ mirror: Mirror, _ report: VerifyReport) -> [Signed] {
    var found: [MirrorPath: Tarball] = [:]
    for folder in mirror.folders { for tarball in folder.tarballs { found[tarball.path] = tarball } }
    return report.findings.enumerated().compactMap { index, finding in
      guard finding.verdict == .ok, let tarball = found[finding.path] else { return nil }
      return Signed(
        path: finding.path, size: tarball.status.size, device: tarball.status.identity.device,
        isWanted: settings.what.contains(.tarballs), finding: index)
    }
  }

  /// The digest files and documents of tarballs that were read.
  private func digests(_ mirror: Mirror, _ report: VerifyReport) -> [Signed] {
    let (isWanted, signsTarballs) = (settings.what.contains(.digests), settings.what.contains(.tarballs))
    let read = Set(report.findings.lazy.filter { $0.verdict == .ok }.map(\.path))
    var files: [Signed] = []
    for folder in mirror.folders {
      let names = folder.tarballs.map(\.path).filter(read.contains).map(\.name)
      guard !names.isEmpty else { continue }
      let known = Set(names)
      files += folder.sidecars.filter { $0.kind.isDocument && known.contains($0.tarball) }.map {
        Signed(
          path: folder.path.appending($0.name), size: $0.identity.size, device: folder.status.identity.device,
          isWanted: signsTarballs, finding: nil)
      }
      guard isWanted || !folder.digestSignatures.isEmpty else { continue }
      let sidecars = folder.sidecars.filter {
        $0.kind.tellsDigests && known.contains($0.tarball)
      }
      files += (sidecars.map(\.name) + folder.manifests.kinds.map(\.fileName)).map { name in
        Signed(
          path: folder.path.appending(name), size: 0, device: folder.status.identity.device,
          isWanted: isWanted, finding: nil)
      }
    }
    return files
  }

  /// Signatures of the index at the root; missing ones are the concern of `index`.
  private func index(_ options: DigestOptions) -> [Signed] {
    guard let entries = try? anchor.value.entries() else { return [] }
    let names = Set(entries.lazy.filter { $0.kind == .regular }.map(\.name))
    let signed = Set(names.compactMap { SignatureFormat.parse($0)?.file }.filter { $0.hasPrefix("index.") })
    return signed.filter { names.contains($0) && options.includes(MirrorPath(bytes: $0.bytes)) }.sorted().map
    {
      Signed(path: MirrorPath(bytes: $0.bytes), size: 0, device: 0, isWanted: false, finding: nil)
    }
  }
}
