import LinuxSystem
import SystemPackage

/// Errors that name a member of a tarball.
enum MemberFault {
  static let defaultRemedy = "do not use this tarball"
  /// For members that would follow or replace a link, which is not allowed.
  static let allowLinks = "do not use this tarball, or allow it to follow links to directories in the root"

  /// An error caused by the tarball.
  static func make(
    _ tarball: String, _ member: [UInt8], _ problem: String, code: MirrorError.Code = .invalid,
    remedy: String = defaultRemedy
  ) -> MirrorError {
    MirrorError(code, subject(tarball, member), problem, remedy: remedy)
  }

  /// A failed system call, often caused by the member.
  ///
  /// - Parameter linkRemedy: what to do if a link is in the way.
  static func failed(
    _ tarball: String, _ member: [UInt8], _ operation: String, _ error: Errno, linkRemedy: String
  ) -> MirrorError {
    let reason =
      switch error {
      case .tooManySymbolicLinkLevels, .notDirectory:
        "its path contains a symbolic link, or something that is not a directory"
      case .isDirectory: "it would replace a directory"
      case .improperLink: "it is on another file system"
      case .noSuchFileOrDirectory: "it does not exist"
      case .fileNameTooLong: "a name is too long"
      default: ""
      }
    if reason.isEmpty { return .system(error, operation, subject(tarball, member)) }
    let isLink = [.tooManySymbolicLinkLevels, .notDirectory].contains(error)
    return make(
      tarball, member, "cannot \(operation): \(reason)", remedy: isLink ? linkRemedy : defaultRemedy)
  }

  /// An owner that cannot be set, since it does not exist in this user namespace; nil if both exist.
  static func unmapped(_ tarball: String, _ member: [UInt8], uid: UInt32, gid: UInt32) -> MirrorError? {
    let missing: (what: String, id: UInt32, file: String)
    if !IDMap.users.contains(uid) {
      missing = ("user", uid, "/etc/subuid")
    } else if !IDMap.groups.contains(gid) {
      missing = ("group", gid, "/etc/subgid")
    } else {
      return nil
    }
    return make(
      tarball, member, "belongs to \(missing.what) \(missing.id), which this user namespace does not contain",
      remedy: "give your user more numbers in \(missing.file), or unpack it as root")
  }

  /// A name for messages, cut if it is too long for a line.
  static func excerpt(_ name: [UInt8]) -> String {
    name.count <= limit ? escaped(name) : "\(escaped(Array(name.prefix(limit))))…"
  }

  private static let limit = 400

  private static func subject(_ tarball: String, _ member: [UInt8]) -> String {
    "\(tarball): member \(excerpt(member))"
  }
}
