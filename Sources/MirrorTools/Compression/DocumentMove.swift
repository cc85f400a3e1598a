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
    // The statement, which is the last kind, names the others and their digests.
    var changes = [
      (from: (name: old.description, sha256: before), to: (name: new.description, sha256: after))
    ]
    let (oldPath, newPath) = (directory.path.appending(old), directory.path.appending(new))
    changes.append(((oldPath.description, before), (newPath.description, after)))
    for (kind, bytes) in found {
      let stated = DocumentDigests.digests(bytes, kind, of: old).flatMap { $0[.sha256].map(hex) }
      if stated == before {
        let moved = changes.reduce(bytes) { DocumentCopy.readdressed($0, from: $1.from, to: $1.to) }
        let (name, newName) = (old.appending(kind.rawValue), new.appending(kind.rawValue))
        changes.append(
          (
            from: (name.description, hex(try OpenSSLDigest.sha256(of: bytes))),
            to: (newName.description, hex(try OpenSSLDigest.sha256(of: moved)))
          ))
        try DurableFile.write(moved, to: newName, in: directory, Ownership(of: status))
      }
      try directory.unlink(old.appending(kind.rawValue))
    }
  }

  private static func sha256(
    of name: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> String {
    let file = try directory.file(MirrorPath(bytes: name.bytes))
    let subject = directory.displayed(name)
    let size = try attempt("examine", subject) { () throws(Errno) in try file.status().size }
    return hex(try OpenSSLDigest.digest(.sha256, of: file, size: size, subject))
  }
}
