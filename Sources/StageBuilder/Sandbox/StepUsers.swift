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

  /// Creates it with a process that ends again. The caller must be root and single-threaded.
  init() throws(MirrorError) {
    let parent = getpid()
    let ready = try Pipe(for: Self.name)
    let pid = try checked(clinux_fork(), "start", Self.name)
    if pid == 0 { Self.hold(ready.writing.raw, below: parent) }
    // It is killed when it is dropped.
    let child = try ChildProcess(pid: pid, name: Self.name)
    let answer = ready.reading()
    var fault: Int32 = 0
    guard read(answer.raw, &fault, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size, fault == 0 else {
      throw Self.refused(Errno(rawValue: fault))
    }
    let map = "0 \(Confinement.firstID) \(IDShift.largest + 1)\n"
    for name in ["uid_map", "gid_map"] { try Self.write(map, to: "/proc/\(pid)/\(name)") }
    let path = "/proc/\(pid)/ns/user"
    let raw = try checked(open(path, O_RDONLY | O_CLOEXEC), "open", path)
    file = Descriptor(owning: raw)
    child.signal(SIGKILL)
  }

  private static let name = "a user namespace"

  /// The process that holds the namespace until somebody has opened it; it ends with its parent.
  private static func hold(_ ready: Int32, below parent: pid_t) -> Never {
    clinux_die_with_parent()
    // It may have ended before the call above.
    if getppid() != parent { _exit(0) }
    var fault: Int32 = clinux_unshare(CLINUX_NEW_USERS) == 0 ? 0 : errno
    _ = Glibc.write(ready, &fault, MemoryLayout<Int32>.size)
    while true { pause() }
  }

  private static func write(_ text: String, to path: String) throws(MirrorError) {
    let file = Descriptor(owning: try checked(open(path, O_WRONLY | O_CLOEXEC), "open", path))
    try attempt("write", path) { () throws(Errno) in try file.write(Array(text.utf8)) }
  }

  private static func refused(_ fault: Errno) -> MirrorError {
    MirrorError(
      .system(fault), "unshare(2)",
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
