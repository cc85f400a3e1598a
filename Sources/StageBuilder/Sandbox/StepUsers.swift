import StageTrees
import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// A user namespace whose ids nobody on the host has: 0 to 2^31-2 inside are 2^31 and up outside.
///
/// Source: `user_namespaces(7)`. Its root can do nothing to what belongs to users of the host, and root's own
/// system files are files of a stranger for it.
struct StepUsers: ~Copyable {
  /// The namespace.
  private let file: Descriptor

  /// Creates it. The caller must be root and single-threaded.
  init() throws(MirrorError) {
    let raw = clinux_new_users("0 \(Confinement.firstID) \(IDShift.largest + 1)\n")
    guard raw >= 0 else { throw Self.refused(lastErrno()) }
    file = Descriptor(owning: raw)
  }

  private static func refused(_ fault: Errno) -> MirrorError {
    MirrorError(
      .system(fault), "clone(2)",
      "cannot create a user namespace, which confines the steps of root: \(fault)",
      remedy: "allow user namespaces (sysctl user.max_user_namespaces), and see \(run: .doctor)")
  }

  /// Shows the owners in a mount as the ids inside.
  ///
  /// - Returns: false if the file system or the kernel cannot.
  func map(_ mount: Mount, _ attributes: UInt64) -> Bool {
    clinux_map_mount(mount.descriptor.raw, file.raw, attributes) == 0
  }

  /// Makes this process root of the namespace.
  func enter() throws(MirrorError) {
    try checked(clinux_enter_namespace(file.raw, CLINUX_NEW_USERS), "enter", "a user namespace")
    try checked(clinux_become_root(), "become root of", "a user namespace")
  }
}
