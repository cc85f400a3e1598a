import MirrorModel
import LinuxSystem

/// Metro's `.hash.txt`, as it lies beside a tarball.
enum HashTextFile {
  /// The sidecar's name.
  static func name(of tarball: FileName) -> FileName { tarball.appending(SidecarKind.hashText.rawValue) }

  /// Its text; nil when it does not exist.
  static func text(of tarball: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError)
    -> [UInt8]?
  {
    try directory.contents(of: MirrorPath(bytes: name(of: tarball).bytes), limit: 4096)
  }

  /// The digests that it tells, if it is a file that is not older than the tarball.
  static func digests(
    of tarball: FileName, notOlderThan identity: FileIdentity, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    guard let status = try directory.status(of: name(of: tarball)), status.kind == .regular,
      identity.isOlder(than: status.identity.mtime)
    else { return nil }
    return try digests(of: tarball, in: directory)
  }

  /// The digests of the tarball that is there now; nil if they may be those of an earlier one.
  ///
  /// A tarball that was put there later may have an older mtime (`cp -p`), but not an older ctime. Where both files are
  /// copies, as of a mirror that moved, ctimes tell only the order of copying: a copy is younger than its content.
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

  /// The digests that it tells, however old it is.
  static func digests(
    of tarball: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> DigestSet? {
    try text(of: tarball, in: directory).flatMap { text in
      SidecarText.parseAll(text).first { $0.file == nil }?.digests
    }
  }
}
