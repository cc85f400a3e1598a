import MirrorModel
import LinuxSystem
import SystemPackage

/// The digests of tarballs in files that a trusted key signed: sidecars, manifests and indexes.
struct SignedDigests {
  private let anchor: Shared<AnchoredDirectory>
  private let trust: TrustedSignatures
  /// By path of the tarball.
  private(set) var digests: [MirrorPath: [DigestSet]] = [:]

  private static let limit = 256 << 20

  /// Reads the signed files of a mirror.
  init(
    _ mirror: Mirror, _ anchor: Shared<AnchoredDirectory>, _ trust: TrustedSignatures
  ) throws(MirrorError) {
    self.anchor = anchor
    self.trust = trust
    for folder in mirror.folders {
      for sidecar in folder.sidecars where [.hashText, .digests, .sha256].contains(sidecar.kind) {
        let algorithm: DigestAlgorithm? = sidecar.kind == .sha256 ? .sha256 : nil
        take(
          try text(folder.path.appending(sidecar.name)), algorithm, in: folder.path, of: sidecar.tarball)
      }
      for manifest in ManifestKind.allCases where folder.manifests.contains(manifest) {
        take(
          try text(folder.path.appending(manifest.fileName)), manifest.algorithm, in: folder.path, of: nil)
      }
    }
    for path in ["index.xml", "index.json"] as [MirrorPath] {
      guard let bytes = try text(path), let content = IndexReferences(bytes, at: path) else { continue }
      for reference in content.references {
        guard let sum = reference.sha256, let set = SidecarText.digest(Array(sum.utf8)[...], .sha256) else {
          continue
        }
        digests[reference.path, default: []].append(set)
      }
    }
  }

  private mutating func take(
    _ text: [UInt8]?, _ algorithm: DigestAlgorithm?, in folder: MirrorPath, of tarball: FileName?
  ) {
    guard let text else { return }
    for claim in SidecarText.parseAll(text, algorithm: algorithm) {
      guard let name = claim.file ?? tarball else { continue }
      digests[folder.appending(name), default: []].append(claim.digests)
    }
  }

  /// The content of a file that a trusted key signed; nil if there is none.
  private func text(_ path: MirrorPath) throws(MirrorError) -> [UInt8]? {
    guard let bytes = try? anchor.value.contents(of: path, limit: Self.limit) else { return nil }
    if ClearText(bytes) != nil {
      return try trust.accept(clearText: bytes) ? ClearText.body(of: bytes) : nil
    }
    return try isSigned(path) ? bytes : nil
  }

  /// Whether a trusted key made a signature beside a file.
  func isSigned(_ path: MirrorPath) throws(MirrorError) -> Bool {
    for format in SignatureFormat.allCases {
      let name = path.parent.joined(MirrorPath(bytes: format.signature(of: path.name).bytes))
      guard let signature = try? anchor.value.contents(of: name, limit: SignatureFiles.limit) else {
        continue
      }
      let file = try anchor.value.file(path)
      let status = try attempt("examine", anchor.value.displayed(path)) { () throws(Errno) in
        try file.status()
      }
      if try trust.accept(signature, of: file, bytes: status.size) { return true }
    }
    return false
  }
}
