import Hashing
import MirrorModel
import LinuxSystem
import SystemPackage

/// The digest files and documents of an upload, which must agree with the tarballs beside them.
struct UploadTexts {
  private struct Text {
    let bytes: [UInt8]
    let claims: [SidecarText.Claim]
    /// The identity of the file that was read.
    let identity: FileIdentity
  }

  private let server: String
  private let kinds: ArtifactKinds
  private var texts: [MirrorPath: Text] = [:]
  /// Algorithms of the digests given for tarballs.
  private(set) var algorithms: [MirrorPath: Set<DigestAlgorithm>] = [:]

  init(_ server: String, _ kinds: ArtifactKinds) {
    self.server = server
    self.kinds = kinds
  }

  /// Reads a digest file or a document; other files are ignored.
  ///
  /// - Parameter source: its path in the upload.
  mutating func read(
    _ path: MirrorPath, _ kind: UploadKind, at source: MirrorPath, in anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) {
    let (limit, algorithm): (Int, DigestAlgorithm?)
    switch kind {
    case .digests(.hashText, _): (limit, algorithm) = (4096, nil)
    case .digests: (limit, algorithm) = (64 << 10, nil)
    case .document: (limit, algorithm) = (DocumentDigests.limit, nil)
    case .manifest(let kind): (limit, algorithm) = (1 << 20, kind.algorithm)
    case .tarball, .contents, .signature, .record: return
    }
    do throws(MirrorError) {
      let (bytes, identity) = try anchor.smallFile(source, limit: limit)
      if case .document(let kind, let tarball) = kind {
        let digests = DocumentDigests.digests(bytes, kind, of: tarball)
        let claims = digests.map { [SidecarText.Claim(file: nil, digests: $0, size: nil)] } ?? []
        texts[path] = Text(bytes: [], claims: claims, identity: identity)
        algorithms[path.parent.appending(tarball), default: []].insert(.sha256)
        return
      }
      let claims = SidecarText.parseAll(bytes, algorithm: algorithm)
      texts[path] = Text(bytes: bytes, claims: claims, identity: identity)
      for claim in claims {
        guard let tarball = self.tarball(of: claim, path, kind) else { continue }
        algorithms[tarball, default: []].formUnion(claim.digests.algorithms)
      }
    } catch { refusals.drop(path, error) }
  }

  /// The tarball that a claim describes.
  private func tarball(
    of claim: SidecarText.Claim, _ path: MirrorPath, _ kind: UploadKind
  ) -> MirrorPath? {
    if case .digests(_, let tarball) = kind {
      return claim.file == nil || claim.file == tarball ? path.parent.appending(tarball) : nil
    }
    guard let file = claim.file, kinds.includes(file) else { return nil }
    return path.parent.appending(file)
  }

  /// Refuses files that do not agree.
  ///
  /// - Parameter known: the tarballs after the upload.
  /// - Throws: `changed` if a file is not the hashed one any more.
  func judge(
    _ files: [ReceivedUpload.File], _ known: [MirrorPath: DigestResult],
    _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) throws(MirrorError) {
    for file in files {
      guard let text = texts[file.path] else { continue }
      guard text.identity == file.identity else {
        throw MirrorError(
          .changed, "\(file.path)", "changed during receiving", remedy: "publish there again")
      }
      guard let problem = problem(with: text, file, known) else { continue }
      refusals.drop(
        file.path,
        MirrorError(
          .invalid, anchor.displayed(file.path), "\(problem): not received from \(server)",
          remedy: "\(run: .digestgen) there, and publish again"))
    }
  }

  private func problem(
    with text: Text, _ file: ReceivedUpload.File, _ known: [MirrorPath: DigestResult]
  ) -> String? {
    let disagrees = "does not match the tarball"
    switch file.kind {
    case .digests(let kind, let name):
      guard let tarball = known[file.path.parent.appending(name)] else {
        return "describes a tarball that does not exist here"
      }
      // A single-line file must not contain anything else.
      if kind == .hashText { return text.bytes == SidecarText.hashText(tarball.digests) ? nil : disagrees }
      // Gentoo's DIGESTS also describe the list of contents.
      let claims = text.claims.filter { $0.file != name.appending(SidecarKind.listing.rawValue) }
      let isTrue = claims.allSatisfy { claim in
        (claim.file ?? name) == name && claim.agrees(with: tarball)
      }
      return isTrue && !claims.isEmpty ? nil : disagrees
    case .document(_, let name):
      guard let tarball = known[file.path.parent.appending(name)] else {
        return "describes a tarball that does not exist here"
      }
      return text.claims.contains { $0.agrees(with: tarball) } ? nil : disagrees
    case .manifest:
      let isTrue = text.claims.allSatisfy { claim in
        // Claims about missing tarballs, such as a stage1 that is not published, are harmless.
        guard let name = claim.file, let tarball = known[file.path.parent.appending(name)] else {
          return true
        }
        return claim.agrees(with: tarball)
      }
      return isTrue && !text.claims.isEmpty ? nil : disagrees
    case .tarball, .contents, .signature, .record: return nil
    }
  }
}

extension SidecarText.Claim {
  fileprivate func agrees(with file: DigestResult) -> Bool {
    file.digests.covers(Set(digests.algorithms)) && digests.agrees(with: file.digests)
      && size.map { $0 == file.identity.size } ?? true
  }
}

extension AnchoredDirectory {
  /// The bytes of a small file below this directory, and its identity.
  func smallFile(
    _ path: MirrorPath, limit: Int
  ) throws(MirrorError) -> (bytes: [UInt8], identity: FileIdentity) {
    let name = displayed(path)
    let file = try file(path)
    let status = try attempt("examine", name) { () throws(Errno) in try file.status() }
    guard status.kind == .regular, status.size <= limit else {
      throw MirrorError(
        .invalid, name, "is larger than \(limit) bytes", remedy: "check the server that sent it")
    }
    let bytes = try attempt("read", name) { () throws(Errno) in try file.bytes(upTo: Int(status.size)) }
    return (bytes, status.identity)
  }
}
