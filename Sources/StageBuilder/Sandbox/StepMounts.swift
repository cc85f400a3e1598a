import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// What a step sees of the host: opened as mirrorctl's own user, in a mount namespace of the step's process,
/// before the step's root is entered.
struct StepMounts {
  /// The user namespace of the step; nil for a step on the host's root, which uses mirrorctl's own.
  let users: Shared<StepUsers>?
  /// Whether nobody on the host has the ids of the step.
  let areStrangers: Bool
  /// One per ``SandboxPlan/mounts``.
  private(set) var binds: [Mount] = []
  /// `/dev/null`.
  let null: Mount
  private(set) var devices: DeviceNodes?
  private(set) var files: HostFiles?

  /// Opens everything. If the step has a root, it becomes the current directory.
  ///
  /// - Parameter terminal: the path of an interactive step's terminal.
  init(_ plan: SandboxPlan, terminal: String?) throws(MirrorError) {
    null = try Mount.copy(of: "/dev/null")
    guard let path = plan.root else {
      users = nil
      areStrangers = false
      try Self.protectHost(except: Self.writable(plan))
      return
    }
    if plan.hasSystemMounts {
      devices = try DeviceNodes(terminal: terminal)
      files = try HostFiles()
    }
    areStrangers = !UserNamespace.State.current.isInside
    let ids = try areStrangers ? Shared(StepUsers.strangers()) : Shared(StepUsers.nested())
    users = ids
    if plan.hasSystemMounts {
      for bind in plan.mounts { binds.append(try Self.mount(bind, ids)) }
    }
    let root = try Mount.copy(of: path)
    if areStrangers, !plan.isShifted {
      guard ids.value.map(root, CLINUX_NO_DEVICES) else { throw Self.unmapped(path, lastErrno()) }
    } else {
      // A seed may contain device nodes anywhere.
      try root.restrict(CLINUX_NO_DEVICES)
    }
    let place = Descriptor(
      owning: try checked(open(path, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC), "open", path))
    // Attached here, so that the attributes are locked in the step's own mount namespace.
    try root.attach(to: place, path)
    try checked(fchdir(root.descriptor.raw), "enter", path)
  }

  private static func mount(_ bind: SandboxPlan.Bind, _ ids: Shared<StepUsers>) throws(MirrorError) -> Mount {
    let attributes = bind.isReadOnly ? CLINUX_READ_ONLY | CLINUX_NO_DEVICES : CLINUX_NO_DEVICES
    guard bind.isImage else {
      let source = try Mount.copy(of: bind.source)
      try source.restrict(attributes)
      return source
    }
    let image = try Mount.image(bind.source)
    guard ids.value.map(image, attributes) else { throw unmapped(bind.source, lastErrno()) }
    return image
  }

  /// Whether steps of the host's root can see the files of an image with their owners.
  static func canMount(_ image: String) -> Bool {
    do throws(MirrorError) {
      return try StepUsers.strangers().map(try Mount.image(image), 0)
    } catch { return false }
  }

  private static func unmapped(_ path: String, _ error: Errno) -> MirrorError {
    MirrorError(
      .system(error), path, "cannot be mounted with other owners (idmapped): \(error)",
      remedy: "unpack the stage with shifted owners, or use ext4, XFS or Btrfs")
  }

  /// How steps with a root in this directory can be confined.
  static func confinement(in directory: String) throws(MirrorError) -> Confinement {
    let users = try StepUsers.strangers()
    return users.map(try Mount.copy(of: directory), 0) ? .idmapped : .shifted
  }

  /// What the plan names, and the place of the script.
  private static func writable(_ plan: SandboxPlan) -> [String] {
    guard let scripts = plan.scriptDirectory,
      !plan.writable.contains(where: { FilePath(scripts).starts(with: FilePath($0)) })
    else { return plan.writable }
    return plan.writable + [scripts]
  }

  /// Makes the host read-only except for some directories and files; those that do not exist are left out.
  private static func protectHost(except writable: [String]) throws(MirrorError) {
    // Parents first, since a mount hides what was below it.
    let kept = try writable.sorted().filter { access($0, F_OK) == 0 }
      .map { path throws(MirrorError) in (path, try Mount.copy(of: path)) }
    try checked(clinux_restrict_all_mounts(CLINUX_READ_ONLY), "make the host read-only", "/")
    for (path, mount) in kept {
      let place = Descriptor(owning: try checked(open(path, CLINUX_O_PATH | O_CLOEXEC), "open", path))
      try mount.attach(to: place, path)
    }
  }
}
