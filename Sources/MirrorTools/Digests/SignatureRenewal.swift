import LinuxSystem
import MirrorModel

/// Finds signatures by expired subkeys; each run renews a few of them.
struct SignatureRenewal {
  /// Maximum number of signatures renewed per run, so that no run takes long after a subkey was replaced.
  static let limit = 20

  let settings: SigningSettings
  /// The ids of expired signing subkeys.
  let expired: Set<String>

  /// nil if there is nothing to renew, or renewal is not possible.
  init?(_ mirror: Mirror, _ settings: SigningSettings, _ cancellation: Cancellation) {
    let isSigned = mirror.folders.contains { folder in
      !folder.digestSignatures.isEmpty
        || folder.sidecars.contains {
          $0.kind.signatureFormat != nil || folder.layout.signsInPlace($0.kind)
        }
    }
    // Problems with gpg are reported by the steps that sign.
    guard isSigned, let key = try? GnuPG(settings: settings, cancellation: cancellation).listed(),
      key.state == .usable, !key.expiredSigners.isEmpty
    else { return nil }
    self.settings = settings
    expired = key.expiredSigners
  }

  /// Adds the newest of them to the plan.
  ///
  /// - Parameter beingBuilt: directories to skip.
  func plan(
    _ mirror: Mirror, _ options: DigestOptions, beingBuilt: [MirrorPath],
    in anchor: borrowing AnchoredDirectory, into plan: inout DigestPlan
  ) {
    let planned = Set(
      plan.signatures.filter { $0.reason != .unchecked }.map(\.destination) + plan.outdated.map(\.path))
    let corrupt = Set(plan.corrupt)
    var found: [(signature: DigestPlan.Signature, time: Int64)] = []
    for folder in mirror.folders where !beingBuilt.contains(where: { folder.path.isWithin($0) }) {
      for (signature, time) in candidates(folder)
      where options.includes(signature.path) && !planned.contains(signature.destination)
        && !corrupt.contains(signature.path) && isByExpired(signature.destination, anchor)
      {
        found.append((signature, time))
      }
    }
    found.sort { ($1.time, $0.signature.destination) < ($0.time, $1.signature.destination) }
    let renewed = found.prefix(Self.limit).map(\.signature)
    let destinations = Set(renewed.map(\.destination))
    plan.signatures.removeAll { destinations.contains($0.destination) }
    plan.signatures += renewed
  }

  /// Every signature of a folder, with the modification time of the signed file.
  private func candidates(_ folder: Folder) -> [(DigestPlan.Signature, Int64)] {
    var candidates: [(DigestPlan.Signature, Int64)] = []
    if settings.what.contains(.tarballs) {
      let tarballs = Dictionary(folder.tarballs.map { ($0.name, $0) }) { first, _ in first }
      for sidecar in folder.sidecars {
        guard let format = sidecar.kind.signatureFormat, let tarball = tarballs[sidecar.tarball],
          tarball.format.isReleased
        else { continue }
        candidates.append(
          (
            .init(
              path: tarball.path, isOfTarball: true, format: format, reason: .expired,
              size: tarball.status.size,
              device: tarball.status.identity.device), tarball.status.identity.mtime
          ))
      }
    }
    let signsDigests = settings.what.contains(.digests)
    for sidecar in folder.sidecars where signsDigests && folder.layout.signsInPlace(sidecar.kind) {
      candidates.append(
        (
          .init(
            path: folder.path.appending(sidecar.name), isOfTarball: false, format: .clear, reason: .expired,
            size: 0,
            device: folder.status.identity.device), sidecar.identity.mtime
        ))
    }
    for signature in folder.digestSignatures where signature.isOlder == false {
      guard let (format, file) = SignatureFormat.parse(signature.name) else { continue }
      let isOfDocument = SidecarKind(endOf: file)?.isDocument ?? false
      guard isOfDocument ? settings.what.contains(.tarballs) : signsDigests else { continue }
      candidates.append(
        (
          .init(
            path: folder.path.appending(file), isOfTarball: false, format: format, reason: .expired, size: 0,
            device: folder.status.identity.device), folder.status.identity.mtime
        ))
    }
    return candidates
  }

  private func isByExpired(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    guard let bytes = try? anchor.contents(of: path, limit: SignatureFiles.limit) else { return false }
    let ids = SignatureIssuer.keyIDs(in: bytes)
    return !ids.isEmpty && ids.isSubset(of: expired)
  }
}
