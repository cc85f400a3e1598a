import LinuxSystem
import SystemPackage

/// Errors that name a member of a tarball.
enum MemberFault {
  /// An error caused by the tarball.
  static func make(
    _ tarball: String, _ member: [UInt8], _ problem: String, code: MirrorError.Code = .invalid,
    remedy: String? = "do not use this tarball"
  ) -> MirrorError {
    MirrorError(code, "\(tarball): member \(escaped(member))", problem, remedy: remedy)
  }

  /// A failed system call, often caused by the member.
  static func failed(
    _ tarball: String, _ member: [UInt8], _ operation: String, _ error: Errno
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
    if reason.isEmpty { return .system(error, "\(operation) (member \(escaped(member)))", tarball) }
    return make(tarball, member, "cannot \(operation): \(reason)")
  }
}
