import Hashing
import LinuxSystem
import MirrorModel
import SystemPackage

/// Moves the documents of a tarball to the same one in another compression, whose name and digest they get.
enum DocumentMove {
  /// Moves them, unless they describe another tarball. The caller syncs the directory.
  ///
  /// - Parameter old: the tarball that they are beside, which is still there.
  static func run(
    from old: FileName, to new: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let kinds = SidecarKind.documents
    var found: [(kind: SidecarKind, bytes: [UInt8])] = []
    for kind in kinds {
      let name = old.appending(kind.rawValue)
      guard let status = try directory.status(of: name), status.kind == .regular,
        let bytes = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: DocumentDigests.limit)
      else { continue }
      found.append((kind, bytes))
    }
    guard !found.isEmpty, let status = try directory.status(of: new) else { return }
    let (before, after) = (try sha256(of: old, in: directory), try sha256(of: new, in: directory))
    var bills: [(name: FileName, sha256: String)] = []
    // A run that was killed may have moved some of them.
    for kind in kinds where kind != .provenance && !found.contains(where: { $0.kind == kind }) {
      let name = new.appending(kind.rawValue)
      if let bytes = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: DocumentDigests.limit) {
        bills.append((name, hex(try OpenSSLDigest.sha256(of: bytes))))
      }
    }
    // The statement, which is the last kind, names the others and their digests.
    for (kind, bytes) in found {
      let stated = DocumentDigests.digests(bytes, kind, of: old).flatMap { $0[.sha256].map(hex) }
      if stated == before {
        let name = new.appending(kind.rawValue)
        let moved: [UInt8]
        if kind == .provenance, var statement = Statement(bytes) {
          let move = Statement.Move(old, to: directory.path.appending(new), sha256: after)
          statement.move([move], bills: bills)
          moved = try StableJSON.bytes(statement)
        } else {
          moved = DocumentCopy.readdressed(
            bytes, from: (old.description, before), to: (new.description, after))
          bills.append((name, hex(try OpenSSLDigest.sha256(of: moved))))
        }
        try DurableFile.write(moved, to: name, in: directory, Ownership(of: status))
      }
      try directory.unlink(old.appending(kind.rawValue))
    }
  }

  private static func sha256(
    of name: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> String {
    let file = try directory.file(MirrorPath(bytes: name.bytes))
    let subject = directory.displayed(name)
    return hex(try OpenSSLDigest.sha256(of: file, subject).digest)
  }
}
