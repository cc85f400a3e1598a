import MirrorModel
import LinuxSystem

/// Metro's `.hash.txt`, beside a tarball.
enum HashTextFile {
  /// Name of the sidecar.
  static func name(of tarball: FileName) -> FileName { tarball.appending(SidecarKind.hashText.rawValue) }

  /// Its text; nil when it does not exist.
  static func text(of tarball: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError)
    -> [UInt8]?
  {
    try directory.contents(of: MirrorPath(bytes: name(of: tarball).bytes), limit: 4096)
  }

  /// Its digests, if it is a regular file and not older than the tarball.
  static func digests(
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
  static func digests(
    of tarball: FileName, vouchingFor identity: FileIdentity, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    let name = name(of: tarball)
    guard let sidecar = try directory.status(of: name), sidecar.kind == .regular,
      identity.isOlder(than: sidecar.identity.mtime)
    else { return nil }
    if identity.ctime > sidecar.identity.ctime {
      guard let birth = directory.birth(of: name), birth > sidecar.identity.mtime else { return nil }
    }
    return try digests(of: tarball, in: directory)
  }

  /// Its digests, regardless of its age.
  static func digests(
    of tarball: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    try text(of: tarball, in: directory).flatMap { text in
      SidecarText.parseAll(text).first { $0.file == nil }?.digests
    }
  }
}
