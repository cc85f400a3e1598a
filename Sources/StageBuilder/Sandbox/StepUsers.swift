import StageTrees
import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The user namespace of one step; see `user_namespaces(7)`.
struct StepUsers: ~Copyable {
  /// The namespace.
  private let file: Descriptor

  /// One whose ids nobody on the host has: 0 to 2^31-2 inside are 2^31 and up outside. Its root can do nothing to what
  /// belongs to users of the host, and root's own system files are files of a stranger for it.
  ///
  /// The caller must be root of the host and single-threaded.
  static func strangers() throws(MirrorError) -> StepUsers {
    let map = "0 \(Confinement.firstID) \(IDShift.largest + 1)\n"
    return try StepUsers(users: map, groups: map)
  }

  /// One in mirrorctl's own, with the same ids: what a step registers there with the kernel does not reach mirrorctl.
  ///
  /// The caller must be single-threaded.
  static func nested() throws(MirrorError) -> StepUsers {
    try StepUsers(users: IDMap.users.identity, groups: IDMap.groups.identity)
  }

  private init(users: String, groups: String) throws(MirrorError) {
    var failed: UnsafePointer<CChar>?
    let raw = clinux_new_users(users, groups, &failed)
    guard raw >= 0 else { throw Self.refused(lastErrno(), in: failed.map { String(cString: $0) } ?? "clone") }
    file = Descriptor(owning: raw)
  }

  private static func refused(_ fault: Errno, in call: String) -> MirrorError {
    guard call == "clone" else { return .system(fault, "map the ids of a user namespace with", call) }
    return MirrorError(
      .system(fault), "clone(2)",
      "cannot create a user namespace, which confines the steps of a build: \(fault)",
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
