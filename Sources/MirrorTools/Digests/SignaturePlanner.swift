import LinuxSystem
import MirrorModel

/// Decides what to sign: a pure function of a folder, and of the plan for its tarballs.
struct SignaturePlanner {
  let options: DigestOptions
  let settings: SigningSettings?
  /// Signatures that were made or checked here, by path.
  let checked: [MirrorPath: Catalog.CheckedSignature]

  /// Whether the digest files of a folder are signed.
  var signsDigests: Bool { settings?.what.contains(.digests) ?? false }

  /// Plans the signatures of a tarball that is hashed for `reason`, or not hashed if nil.
  func plan(
    _ tarball: Tarball, _ reason: DigestPlan.Reason?, in folder: Folder, into plan: inout DigestPlan
  ) {
    let name = tarball.name
    let existing = folder.sidecars(of: name).filter { $0.kind.signatureFormat != nil }
    var planned: [SignatureFormat] = []
    if let settings, settings.what.contains(.tarballs) {
      for format in SignatureFormat.allCases {
        let signature = existing.first { $0.kind == format.sidecar }
        let state = signature.map {
          examine(folder.path.appending($0.name), $0.identity, signing: tarball.status.identity, settings)
        }
        let isRequested = settings.formats.contains(format)
        guard let why = why(state, isRequested, isChanged: reason == .changed) else {
          continue
        }
        planned.append(format)
        plan.signatures.append(
          .init(
            path: tarball.path, isOfTarball: true, format: format, reason: why, size: tarball.status.size,
            device: tarball.status.identity.device))
      }
    }
    // Hashing will show whether they are still valid.
    guard reason == .changed || reason == .forced else { return }
    for signature in existing where !planned.contains(where: { $0.sidecar == signature.kind }) {
      plan.outdated.append(.init(path: folder.path.appending(signature.name), tarball: name))
    }
  }

  /// Plans the signatures of digest files in a folder, its manifests and the sidecars of its tarballs, and of
  /// documents, which are signed if tarballs are.
  ///
  /// - Parameter touched: tarballs whose sidecars may be rewritten.
  /// - Returns: the names of all signatures that will exist.
  func plan(
    _ manifests: [ManifestKind], _ tarballs: [FileName], _ withDigests: [FileName], touched: Set<FileName>,
    in folder: Folder, into plan: inout DigestPlan
  ) -> [FileName] {
    guard let settings else { return [] }
    var files: [(name: FileName, isTouched: Bool)] = []
    if signsDigests {
      files += tarballs.map { (DigestFile(folder.layout).name(of: $0), touched.contains($0)) }
      files += withDigests.map { ($0.appending(SidecarKind.digests.rawValue), touched.contains($0)) }
      files += manifests.map { ($0.fileName, !touched.isEmpty) }
    }
    if settings.what.contains(.tarballs) {
      let present = Set(tarballs)
      files += folder.sidecars.filter { $0.kind.isDocument && present.contains($0.tarball) }
        .map { ($0.name, false) }
    }
    let existing = Dictionary(folder.digestSignatures.map { ($0.name, $0) }) { first, _ in first }
    var names: [FileName] = []
    let own = Dictionary(folder.sidecars.map { ($0.name, $0.identity) }) { first, _ in first }
    for file in files {
      let isInPlace = SignatureFiles.isSignedInPlace(file.name, folder.layout)
      for format in isInPlace ? [.clear] : SignatureFormat.allCases {
        let name = format.signature(of: file.name)
        let state =
          isInPlace
          ? own[name].map { examine(folder.path.appending(name), $0, signing: $0, settings) }
          : existing[name].map { signature in
            signature.signed.map {
              examine(folder.path.appending(name), signature.identity, signing: $0, settings)
            } ?? .older
          }
        let isRequested = isInPlace || settings.formats.contains(format)
        if !isInPlace, isRequested || state != nil { names.append(name) }
        // A folder outside the selection has no tarballs here.
        guard !tarballs.isEmpty, let why = why(state, isRequested, isChanged: file.isTouched) else {
          continue
        }
        plan.signatures.append(
          .init(
            path: folder.path.appending(file.name), isOfTarball: false, format: format, reason: why, size: 0,
            device: folder.status.identity.device))
      }
    }
    return names
  }

  /// Signatures of digest files that were removed or will be.
  func planOrphans(of folder: Folder, without present: Set<FileName>, into plan: inout DigestPlan) {
    for signature in folder.digestSignatures {
      let path = folder.path.appending(signature.name)
      guard options.includes(path) else { continue }
      if let tarball = signature.tarball, !present.contains(tarball) {
        plan.removals.append(.init(path: path, tarball: tarball))
      } else if signature.isOlder == nil {
        plan.removals.append(.init(path: path, tarball: signature.file))
      }
    }
  }

  /// What is known about an existing signature.
  private enum State {
    /// The file was changed after it was signed.
    case older
    /// It was made or checked here, with the key that is pinned now.
    case known
    /// Anybody may have written it.
    case unknown
  }

  private func examine(
    _ path: MirrorPath, _ signature: FileIdentity, signing file: FileIdentity, _ settings: SigningSettings
  ) -> State {
    if signature.isOlder(than: file) { return .older }
    let isKnown = checked[path]?.vouches(for: signature, of: file, by: "\(settings.key)") ?? false
    return isKnown ? .known : .unknown
  }

  /// - Parameters:
  ///   - state: nil if the file has not been signed.
  ///   - isRequested: whether files are signed in this format. Others are only kept valid.
  private func why(
    _ state: State?, _ isRequested: Bool, isChanged: Bool
  ) -> DigestPlan.Signature.Reason? {
    switch state {
    case nil: isRequested ? .new : nil
    // This changes the key: no signature by the old one may be kept.
    case _ where options.force: .again
    case .older: isRequested ? .older : nil
    case _ where isChanged: isRequested ? .changed : nil
    case .known: nil
    case .unknown: .unchecked
    }
  }
}
