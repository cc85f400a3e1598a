import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The host's devices that programs need, opened; ordinary users cannot create any.
struct DeviceNodes {
  private static let names = ["null", "zero", "full", "random", "urandom", "tty"]

  fileprivate private(set) var nodes: [(name: String, mount: Mount)] = []

  /// - Parameter terminal: of an interactive step; it becomes `/dev/console`, because the step only has its own
  ///   `/dev/pts`.
  init(terminal: String?) throws(MirrorError) {
    for name in Self.names where access("/dev/\(name)", F_OK) == 0 {
      nodes.append((name, try Mount.copy(of: "/dev/\(name)")))
    }
    if let terminal { nodes.append(("console", try Mount.copy(of: terminal))) }
  }
}

/// A `/dev` with the devices that programs need, and without the host's disks.
struct DeviceDirectory {
  private static let links: KeyValuePairs = [
    "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
  ]

  private let directory: Mount
  private let terminals: Mount
  private let memory: Mount
  private let nodes: DeviceNodes

  /// Must be called in the mount namespace of the step, whose root then owns it.
  init(_ nodes: DeviceNodes) throws(MirrorError) {
    self.nodes = nodes
    directory = try Mount.fileSystem(
      "tmpfs", ["mode": "755", "size": "1m"], attributes: CLINUX_NO_SETUID | CLINUX_NO_PROGRAMS)
    terminals = try Self.terminals()
    memory = try Mount.fileSystem(
      "tmpfs", ["mode": "1777"], attributes: CLINUX_NO_SETUID | CLINUX_NO_DEVICES)
  }

  private static func terminals() throws(MirrorError) -> Mount {
    let attributes = CLINUX_NO_SETUID | CLINUX_NO_PROGRAMS
    do throws(MirrorError) {
      // Group 5 is `tty` in every distribution.
      return try Mount.fileSystem(
        "devpts", ["newinstance": nil, "ptmxmode": "0666", "mode": "0620", "gid": "5"], attributes: attributes
      )
    } catch {
      // Without subordinate ids there is no group 5.
      guard error.code == .system(.invalidArgument) else { throw error }
      return try Mount.fileSystem(
        "devpts", ["newinstance": nil, "ptmxmode": "0666", "mode": "0600"], attributes: attributes)
    }
  }

  /// Attaches it at `/dev`, which must not be a link.
  func attach(_ points: borrowing MountPoints) throws(MirrorError) {
    try directory.attach(to: try points.plainDirectory("dev"), "/dev")
    let root = directory.descriptor.raw
    for (name, mount) in [("pts", terminals), ("shm", memory)] {
      try checked(mkdirat(root, name, 0o755), "create", "/dev/\(name)")
      let target = openat(root, name, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
      try mount.attach(to: Descriptor(owning: try checked(target, "open", "/dev/\(name)")), "/dev/\(name)")
    }
    for (name, mount) in nodes.nodes {
      let target = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      try mount.attach(to: Descriptor(owning: try checked(target, "create", "/dev/\(name)")), "/dev/\(name)")
    }
    for (name, target) in Self.links { try checked(symlinkat(target, root, name), "create", "/dev/\(name)") }
  }
}
