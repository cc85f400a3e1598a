import Hashing
import LinuxSystem
import MirrorModel

/// A tarball and the claims about it.
struct VerifySubject: Sendable {
  struct Claim: Sendable {
    let sidecar: FileName
    let mtime: Int64
    let digests: DigestSet
    let size: Int64?
  }

  let path: MirrorPath
  let identity: FileIdentity
  /// What the catalog has of it.
  let record: CatalogRecord?
  var claims: [Claim] = []

  /// Whether there is anything to compare it with.
  var isDigested: Bool { !claims.isEmpty || record != nil }

  /// The verdict on a file, and the record to store in the catalog.
  func judge(_ result: DigestResult, now: Int64) -> (VerifyReport.Finding, CatalogRecord?) {
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
      if let fault = record.fault { return (finding(.damaged, fault.detail), remembered) }
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
