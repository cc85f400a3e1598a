import MirrorModel
import LinuxSystem

/// The file beside a tarball with its SHA-256: Metro's `.hash.txt`, or Gentoo's `.sha256`.
struct DigestFile {
  let layout: MirrorLayout

  init(_ layout: MirrorLayout) { self.layout = layout }

  private static let limit = 64 << 10

  /// Its name.
  func name(of tarball: FileName) -> FileName { tarball.appending(layout.digestFile.rawValue) }

  /// Its text without a signature; nil if the SHA-256 is not known.
  func text(_ digests: DigestSet, of tarball: FileName) -> [UInt8]? {
    layout.digestFile == .hashText
      ? SidecarText.hashText(digests) : digests[.sha256].map { SidecarText.digest(tarball, .sha256, $0) }
  }

  /// The text of an existing file without its signature; nil when it does not exist.
  func text(of tarball: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) -> [UInt8]? {
    try directory.contents(of: MirrorPath(bytes: name(of: tarball).bytes), limit: Self.limit)
      .map { ClearText.body(of: $0) }
  }

  /// Its digests, if it is a regular file and not older than the tarball.
  func digests(
    of tarball: FileName, notOlderThan identity: FileIdentity, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    guard let status = try directory.status(of: name(of: tarball)), status.kind == .regular,
      identity.isOlder(than: status.identity.mtime)
    else { return nil }
    return try digests(of: tarball, in: directory)
  }

  /// The digests of the present tarball; nil if they may be those of an earlier one.
  ///
  /// A tarball that was copied there later may have an older mtime (`cp -p`), but not an older ctime. If both
  /// files are copies, e.g. after the mirror was moved, ctimes only show the order of copying: a copy is
  /// younger than its content.
  ///
  /// The digest files that the layout always has count, too, so that a mirror with all of them need not be read.
  func digests(
    of tarball: FileName, vouchingFor identity: FileIdentity, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    guard try vouches(name(of: tarball), for: identity, in: directory),
      var digests = try digests(of: tarball, in: directory)
    else { return nil }
    let more = tarball.appending(SidecarKind.digests.rawValue)
    if layout.digestFormats.contains(.digests), try vouches(more, for: identity, in: directory),
      let text = try directory.contents(of: MirrorPath(bytes: more.bytes), limit: Self.limit)
    {
      let others = claims(about: tarball, in: ClearText.body(of: text))
      guard others.agrees(with: digests) else { return nil }
      digests = digests.merging(others)
    }
    return digests
  }

  private func vouches(
    _ name: FileName, for identity: FileIdentity, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    guard let sidecar = try directory.status(of: name), sidecar.kind == .regular,
      identity.isOlder(than: sidecar.identity.mtime)
    else { return false }
    if identity.ctime > sidecar.identity.ctime {
      guard let birth = directory.birth(of: name), birth > sidecar.identity.mtime else { return false }
    }
    return true
  }

  /// Its digests, regardless of its age.
  func digests(
    of tarball: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    guard let text = try text(of: tarball, in: directory) else { return nil }
    let digests = claims(about: tarball, in: text)
    return digests.algorithms.isEmpty ? nil : digests
  }

  /// - Parameter text: without a signature.
  private func claims(about tarball: FileName, in text: [UInt8]) -> DigestSet {
    SidecarText.parseAll(text).filter { ($0.file ?? tarball) == tarball }
      .reduce(DigestSet()) { $0.merging($1.digests) }
  }
}
