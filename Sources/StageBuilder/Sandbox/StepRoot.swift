import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The file systems that a step sees. Pid 1 of its namespaces mounts them, because a new `/proc` shows the
/// pid namespace of the process that mounts it.
struct StepRoot {
  let plan: SandboxPlan
  let mounts: StepMounts
  let report: SandboxReport.Writer

  /// Changes the root directory of this mount namespace, which must be private.
  ///
  /// Everything on the host was opened before the change and everything in the root is looked up after it, so
  /// that no link in the root can lead to the host.
  func enter() throws(MirrorError) {
    // The kernel refuses this to an ordinary user who does not already see a complete /proc.
    let processes = try plan.hasSystemMounts || plan.root == nil ? Self.processes() : nil
    guard let root = plan.root else {
      let points = try MountPoints(report)
      try processes?.attach(to: try points.plainDirectory("proc"), "/proc")
      return
    }
    let devices = try mounts.devices.map { nodes throws(MirrorError) in try DeviceDirectory(nodes) }
    try Self.pivot(root)
    let points = try MountPoints(report)
    // Uncovered: the step may mount a /proc of its own only where it sees a complete one. What belongs to the
    // host's root in it is closed to the step's.
    try processes?.attach(to: try points.plainDirectory("proc"), "/proc")
    try devices?.attach(points)
    if devices == nil && !points.isDevice("/dev/null") {
      try mounts.null.attach(to: try points.file("/dev/null"), "/dev/null")
    }
    mounts.files?.provide(points, report)
    for (source, bind) in zip(mounts.binds, plan.mounts) { try attach(source, bind, points) }
    guard plan.hasSystemMounts else { return }
    for directory in plan.memory {
      let files = try Mount.fileSystem(
        "tmpfs", ["mode": "1777", "size": directory.size], attributes: CLINUX_NO_DEVICES)
      try files.attach(to: try points.directory(directory.target), directory.target)
    }
  }

  private func attach(
    _ source: Mount, _ bind: SandboxPlan.Bind, _ points: borrowing MountPoints
  ) throws(MirrorError) {
    var status = clinux_status()
    try checked(clinux_status(source.descriptor.raw, "", &status), "examine", bind.source)
    let isDirectory = status.mode & S_IFMT == S_IFDIR
    let target = try isDirectory ? points.directory(bind.target) : points.file(bind.target)
    try source.attach(to: target, bind.target)
  }

  private static func processes() throws(MirrorError) -> Mount {
    try Mount.fileSystem("proc", attributes: CLINUX_NO_SETUID | CLINUX_NO_DEVICES | CLINUX_NO_PROGRAMS)
  }

  /// The current directory becomes the root.
  private static func pivot(_ root: String) throws(MirrorError) {
    // A copy: the mount itself cannot be moved if it came from the namespace of the host's root.
    let mount = try Mount.copy(of: ".")
    let top = Descriptor(owning: try checked(open("/", CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/"))
    try mount.attach(to: top, "/")
    try checked(fchdir(mount.descriptor.raw), "enter", root)
    try checked(clinux_pivot_to_current_directory(), "change the root directory", root)
  }
}
