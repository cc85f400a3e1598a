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
    var (begun, over): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    try checked(clinux_pipe(&begun), "create a pipe", "a user namespace")
    let isReady = Descriptor(owning: begun[0])
    let ready = Descriptor(owning: begun[1])
    try checked(clinux_pipe(&over), "create a pipe", "a user namespace")
    let isOver = Descriptor(owning: over[0])
    let end = Descriptor(owning: over[1])
    let child = try checked(clinux_fork(), "start", "a user namespace")
    if child == 0 { Self.hold(ready.raw, isOver.raw, end.raw) }
    defer {
      kill(child, SIGKILL)
      while waitpid(child, nil, 0) < 0 && errno == EINTR {}
    }
    var fault: Int32 = 0
    guard read(isReady.raw, &fault, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size, fault == 0 else {
      throw Self.refused(Errno(rawValue: fault))
    }
    let map = "0 \(Confinement.firstID) \(UInt32(1) << 31 - 1)\n"
    for name in ["uid_map", "gid_map"] { try Self.write(map, to: "/proc/\(child)/\(name)") }
    let path = "/proc/\(child)/ns/user"
    file = Descriptor(owning: try checked(open(path, O_RDONLY | O_CLOEXEC), "open", path))
  }

  /// The process that holds the namespace until somebody has opened it.
  private static func hold(_ ready: Int32, _ isOver: Int32, _ end: Int32) -> Never {
    close(end)
    var fault: Int32 = clinux_unshare(CLINUX_NEW_USERS) == 0 ? 0 : errno
    _ = Glibc.write(ready, &fault, MemoryLayout<Int32>.size)
    var byte: UInt8 = 0
    _ = read(isOver, &byte, 1)
    _exit(0)
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
