import Hashing
import MirrorModel
public import LinuxSystem

/// A file that was not recovered.
public struct RebuildLoss: Encodable, Hashable, Sendable {
  /// Relative to the root of the mirror.
  public let path: MirrorPath
  /// Why.
  public let problem: String
}

/// Checks the files that were fetched from a destination, before they become a mirror.
struct RebuildCheck {
  let mirror: Mirror
  let anchor: Shared<AnchoredDirectory>
  let hasher: FileHasher
  /// nil to accept digests without signatures.
  let trust: TrustedSignatures?

  /// A tarball that was accepted, with its digests.
  struct Accepted: Sendable {
    let path: MirrorPath
    let identity: FileIdentity
    /// SHA-256, and the digests that its digest files contain: the catalog of the lost mirror had no others.
    let digests: DigestSet
  }

  /// The verdict on all tarballs.
  struct Verdict: Sendable {
    var accepted: [Accepted] = []
    /// Tarballs that were not accepted, and why.
    var rejected: [RebuildLoss] = []
    /// Digest files that contradict their tarball.
    var wrong: [MirrorPath] = []
  }

  /// Hashes all tarballs, and compares them with what was signed.
  func judge() throws(MirrorError) -> Verdict {
    let tarballs = mirror.folders.flatMap(\.tarballs)
    let requests = tarballs.map { tarball in
      DigestRequest(
        path: tarball.path, size: tarball.status.size, device: tarball.status.identity.device,
        algorithms: [.sha256, .sha512, .blake2b])
    }
    let results = try hasher.results(requests, as: "checking", in: anchor)
    var signed: SignedDigests?
    if let trust { signed = try SignedDigests(mirror, anchor, trust) }
    var verdict = Verdict()
    for (tarball, result) in zip(tarballs, results) {
      do throws(MirrorError) {
        let result = try result.get()
        if let problem = try problem(of: tarball, result, signed) {
          verdict.rejected.append(.init(path: tarball.path, problem: problem))
        } else {
          let known = claims(beside: tarball) + (signed?.digests[tarball.path] ?? [])
          var digests = DigestSet()
          for algorithm in Set(known.flatMap(\.algorithms)).union([.sha256]) {
            digests[algorithm] = result.digests[algorithm]
          }
          verdict.accepted.append(
            Accepted(path: tarball.path, identity: result.identity, digests: digests))
        }
      } catch {
        if error.code == .interrupted { throw error }
        verdict.rejected.append(.init(path: tarball.path, problem: error.problem))
      }
    }
    verdict.wrong = wrong(verdict.accepted)
    return verdict
  }

  /// Why a tarball is not accepted; nil if it is.
  private func problem(
    of tarball: Tarball, _ result: DigestResult, _ signed: SignedDigests?
  ) throws(MirrorError) -> String? {
    if result.fault != nil { return "is damaged" }
    guard let signed else {
      let claims = claims(beside: tarball)
      if claims.isEmpty { return "has no digest" }
      return claims.allSatisfy { $0.agree(with: result.digests) } ? nil : "does not match its digests"
    }
    let claims = signed.digests[tarball.path] ?? []
    if claims.contains(where: { !$0.agree(with: result.digests) }) {
      return "does not match its signed digest"
    }
    if !claims.isEmpty { return nil }
    if try signed.isSigned(tarball.path) { return nil }
    return "has no digest or signature by the key"
  }

  /// The digests in sidecars of a tarball, signed or not.
  private func claims(beside tarball: Tarball) -> [DigestSet] {
    sidecars(of: tarball).flatMap { claims(in: $0.path, $0.kind, of: tarball.name) }
  }

  private func sidecars(of tarball: Tarball) -> [(path: MirrorPath, kind: SidecarKind)] {
    guard let folder = mirror.folders.first(where: { $0.path == tarball.folder }) else { return [] }
    return folder.sidecars.filter {
      $0.tarball == tarball.name && [.hashText, .digests, .sha256].contains($0.kind)
    }.map { (folder.path.appending($0.name), $0.kind) }
  }

  private func claims(in path: MirrorPath, _ kind: SidecarKind, of tarball: FileName) -> [DigestSet] {
    guard let text = try? anchor.value.contents(of: path, limit: 1 << 20) else { return [] }
    let algorithm: DigestAlgorithm? = kind == .sha256 ? .sha256 : nil
    return SidecarText.parseAll(ClearText.body(of: text), algorithm: algorithm)
      .filter { $0.file ?? tarball == tarball }.map(\.digests)
  }

  /// Digest files that contradict accepted tarballs.
  private func wrong(_ accepted: [Accepted]) -> [MirrorPath] {
    let known = Dictionary(accepted.map { ($0.path, $0.digests) }) { first, _ in first }
    return mirror.folders.flatMap(\.tarballs).flatMap { tarball -> [MirrorPath] in
      guard let digests = known[tarball.path] else { return [] }
      return sidecars(of: tarball).filter { sidecar in
        claims(in: sidecar.path, sidecar.kind, of: tarball.name).contains { !$0.agree(with: digests) }
      }.map(\.path)
    }
  }
}

extension DigestSet {
  /// Whether all digests that both have are the same, and there is at least one.
  fileprivate func agree(with others: DigestSet) -> Bool {
    let common = algorithms.filter { others[$0] != nil }
    return !common.isEmpty && common.allSatisfy { self[$0] == others[$0] }
  }
}
