import LinuxSystem
import SystemPackage

/// Errors that name a member of a tarball.
enum MemberFault {
  /// What the tarball is to blame for.
  static func make(
    _ tarball: String, _ member: [UInt8], _ problem: String, code: MirrorError.Code = .invalid,
    remedy: String? = "do not use this tarball"
  ) -> MirrorError {
    MirrorError(code, "\(tarball): member \(escaped(member))", problem, remedy: remedy)
  }

  /// A system call that failed, of which many a reason lies in the member.
  static func failed(
    _ tarball: String, _ member: [UInt8], _ operation: String, _ error: Errno
  ) -> MirrorError {
    let reason =
      switch error {
      case .tooManySymbolicLinkLevels, .notDirectory:
        "the way leads through a symbolic link, or what is no directory"
      case .isDirectory: "it would replace a directory by something else"
      case .improperLink: "it lies on another file system"
      case .noSuchFileOrDirectory: "there is none"
      case .fileNameTooLong: "a name is too long"
      default: ""
      }
    if reason.isEmpty { return .system(error, "\(operation) member \(escaped(member)) of", tarball) }
    return make(tarball, member, "cannot \(operation): \(reason)")
  }
}
