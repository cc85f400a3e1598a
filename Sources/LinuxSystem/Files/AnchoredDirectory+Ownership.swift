import CLinux
import Glibc
import SystemPackage

/// Giving files to the mirror's owner.
///
/// A user who can write to a directory can create a hard link to another user's file in it. Root must not
/// overwrite such a file or give it away.
extension AnchoredDirectory {
  /// Throws if an open file of this directory may be another user's: see the other overload.
  package func checkOwn(_ file: borrowing Descriptor, _ name: FileName) throws(MirrorError) {
    try checkOwn(try attempt("examine", displayed(name)) { () throws(Errno) in try file.status() }, name)
  }

  /// Throws unless a file of this directory may be overwritten or given away: it must be regular, have no
  /// other name, and belong to root, to this user, or to the owner of this directory.
  ///
  /// - Throws: code `refused`.
  package func checkOwn(
    _ file: FileStatus, _ name: FileName, orOwnedBy other: UInt32? = nil
  ) throws(MirrorError) {
    let shown = displayed(name)
    guard file.kind == .regular else {
      throw MirrorError(.refused, shown, "is not a regular file", remedy: "remove it")
    }
    guard file.links <= 1 else {
      throw MirrorError(
        .refused, shown, "has \(file.links) names (hard links), and may be another user's file",
        remedy: "remove this name; the file keeps the others")
    }
    let owner = try status().uid
    guard ![0, Account.user, owner, ownershipRules.owner, other].contains(file.uid) else { return }
    throw MirrorError(
      .refused, shown, "belongs to \(Account.name(of: file.uid))",
      remedy: "remove it, or give it to \(Account.name(of: owner)), who owns its directory")
  }

  /// Gives a file of this directory to the owner from the configuration, or else to this one. An ordinary user
  /// keeps it.
  ///
  /// - Throws: code `refused` if it may be another user's.
  package func give(
    _ file: borrowing Descriptor, _ name: FileName, to ownership: Ownership
  ) throws(MirrorError) {
    try checkOwn(file, name)
    changeOwner(of: file, ownership.uid, ownership.gid)
  }

  /// Gives a file that is complete its owner and mode, and syncs it, before it gets this name here.
  package func finish(
    _ file: borrowing Descriptor, _ name: FileName, _ ownership: Ownership
  ) throws(MirrorError) {
    // An ordinary user's files belong to him, readable like the mirror's.
    try give(file, name, to: ownership)
    try attempt("write", displayed(name)) { () throws(Errno) in
      try file.setMode(ownership.mode)
      try file.sync()
    }
  }

  /// Gives this directory to the owner from the configuration, or else to that of `parent`. An ordinary user
  /// keeps it.
  package func give(as parent: borrowing AnchoredDirectory) throws(MirrorError) {
    let status = try parent.status()
    changeOwner(of: descriptor, status.uid, status.gid)
  }

  /// Gives a link that was just created; it is left as it is if it was replaced meanwhile.
  func giveLink(_ name: FileName, to ownership: Ownership) {
    guard let link = try? node(name), let status = try? link.status(), status.kind == .link,
      status.links == 1, status.uid == Account.user
    else { return }
    let (uid, gid) = owners(ownership.uid, ownership.gid)
    _ = fchownat(link.raw, "", uid, gid, CLINUX_EMPTY_PATH)
  }

  /// An ordinary user cannot give files away, and keeps them.
  func changeOwner(of file: borrowing Descriptor, _ uid: UInt32, _ gid: UInt32) {
    let (uid, gid) = owners(uid, gid)
    _ = fchown(file.raw, uid, gid)
  }

  private func owners(_ uid: UInt32, _ gid: UInt32) -> (UInt32, UInt32) {
    (ownershipRules.owner ?? uid, ownershipRules.group ?? gid)
  }
}
