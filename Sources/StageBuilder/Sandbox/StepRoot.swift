import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The file systems that a step sees. Pid 1 of its namespaces mounts them, because a new `/proc` shows the
/// pid namespace of the process that mounts it.
struct StepRoot {
  let plan: SandboxPlan
  let report: SandboxReport.Writer

  /// Changes the root directory of this mount namespace, which must be private.
  ///
  /// Everything on the host is opened before the change and everything in the root is looked up after it, so
  /// that no link in the root can lead to the host.
  func enter() throws(MirrorError) {
    let binds = plan.hasSystemMounts ? plan.mounts : []
    var sources: [Mount] = []
    for bind in binds {
      let source = try Mount.copy(of: bind.source)
      if bind.isReadOnly { try source.restrict(CLINUX_READ_ONLY) }
      sources.append(source)
    }
    // The kernel refuses this to an ordinary user who does not already see a complete /proc.
    let processes = try plan.hasSystemMounts || plan.root == nil ? Self.processes() : nil
    guard let root = plan.root else {
      let points = try MountPoints(report)
      try processes?.attach(to: try points.plainDirectory("proc"), "/proc")
      return try attach(sources, binds, points)
    }
    let devices = try plan.hasSystemMounts ? DeviceDirectory(hasTerminal: plan.interactive) : nil
    let files = try plan.hasSystemMounts ? HostFiles() : nil
    let null = try Mount.copy(of: "/dev/null")
    try Self.pivot(root)
    let points = try MountPoints(report)
    if let processes {
      try processes.attach(to: try points.plainDirectory("proc"), "/proc")
      try Self.protect(processes)
    }
    try devices?.attach(points)
    if devices == nil && !points.isDevice("/dev/null") {
      try null.attach(to: try points.file("/dev/null"), "/dev/null")
    }
    files?.attach(points)
    try attach(sources, binds, points)
  }

  private func attach(
    _ sources: [Mount], _ binds: [SandboxPlan.Bind], _ points: borrowing MountPoints
  ) throws(MirrorError) {
    for (source, bind) in zip(sources, binds) {
      var status = clinux_status()
      try checked(clinux_status(source.descriptor.raw, "", &status), "examine", bind.source)
      let isDirectory = status.mode & S_IFMT == S_IFDIR
      let target = try isDirectory ? points.directory(bind.target) : points.file(bind.target)
      try source.attach(to: target, bind.target)
    }
  }

  private static func processes() throws(MirrorError) -> Mount {
    try Mount.fileSystem("proc", attributes: CLINUX_NO_SETUID | CLINUX_NO_DEVICES | CLINUX_NO_PROGRAMS)
  }

  /// Makes machine-wide settings read-only, as container managers do.
  private static func protect(_ processes: Mount) throws(MirrorError) {
    for name in ["sys", "sysrq-trigger", "irq", "bus", "fs"] {
      let raw = openat(processes.descriptor.raw, name, CLINUX_O_PATH | O_NOFOLLOW | O_CLOEXEC)
      // Not every kernel has all of them.
      guard raw >= 0 else { continue }
      let target = Descriptor(owning: raw)
      let cover = try Mount.copy(of: name, in: processes.descriptor.raw)
      try cover.restrict(CLINUX_READ_ONLY)
      try cover.attach(to: target, "/proc/\(name)")
    }
  }

  private static func pivot(_ root: String) throws(MirrorError) {
    let mount = try Mount.copy(of: root)
    let raw = try checked(open(root, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC), "open", root)
    try mount.attach(to: Descriptor(owning: raw), root)
    try checked(fchdir(mount.descriptor.raw), "enter", root)
    try checked(clinux_pivot_to_current_directory(), "change the root directory", root)
  }
}
