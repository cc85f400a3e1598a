import MirrorModel
import LinuxSystem
import MirrorTools
import SystemPackage

/// Runs the scripts of a specification, each in its own sandbox.
struct StepRunner {
  /// Where a step runs.
  enum Place {
    /// On the host, with mirrorctl's own view of it.
    case host
    /// In the work directory as root, with or without caches and devices.
    case root(isEquipped: Bool)
  }

  private let settings: BuildSettings
  private let context: BuildContext
  private let root: FilePath
  private let template: SandboxPlan
  let confinement: Confinement
  /// Of the steps in the root; nil for mirrorctl's own group.
  var controlGroup: Shared<ControlGroup>?
  /// The package tree, if it is an image.
  var tree: SandboxPlan.Bind?
  /// How the programs of the root run.
  var means = ForeignArchitecture.Means.native

  /// - Parameters:
  ///   - root: `path/chroot`.
  ///   - confinement: of the steps in the root.
  init(
    _ settings: BuildSettings, _ context: BuildContext, root: FilePath, scripts: FilePath,
    confinement: Confinement
  ) throws {
    self.settings = settings
    self.context = context
    self.root = root
    self.confinement = confinement
    var plan = SandboxPlan(root: nil, script: SandboxPlan.Script(name: "", text: ""))
    plan.network = try Self.network(settings)
    plan.environment = ["PATH": "/bin:/sbin:/usr/bin:/usr/sbin"]
    plan.environment["TERM"] = context.terminal
    plan.scriptDirectory = scripts.string
    template = plan
  }

  /// `build/network`.
  static func network(_ settings: BuildSettings) throws -> SandboxPlan.Network {
    let text = try settings.text("build/network") ?? "host"
    guard let network = SandboxPlan.Network(rawValue: text) else {
      throw MirrorError(
        .invalid, "build/network", "`\(text)` is neither host nor none", remedy: "use host or none")
    }
    return network
  }

  /// Runs a script if the specification contains it.
  ///
  /// - Returns: whether it does.
  /// - Throws: when it fails; `interrupted` when the build is cancelled.
  @discardableResult
  func run(_ key: String, in place: Place, log: borrowing BuildLog) throws -> Bool {
    guard let text = try settings.script(key) else { return false }
    try run(SandboxPlan.Script(name: key, text: text), in: place, log)
    return true
  }

  /// Runs one of mirrorctl's own scripts on the host.
  func run(_ text: String, named name: String, log: borrowing BuildLog) throws {
    try run(SandboxPlan.Script(name: name, text: text), in: .host, log)
  }

  private func run(_ script: SandboxPlan.Script, in place: Place, _ log: borrowing BuildLog) throws {
    try context.cancellation.check()
    log.note("\(target): \(script.name)")
    let end = try context.sandbox.run(
      try plan(script, in: place), output: log.descriptor, cancellation: context.cancellation)
    try context.cancellation.check()
    guard end != .exited(0) else { return }
    throw MirrorError(.invalid, "\(target): \(script.name)", end.text, remedy: "see \(log.path)")
  }

  private var target: String { settings.target ?? "build" }

  /// Opens a shell in the environment of the steps.
  func openShell(log: borrowing BuildLog) throws {
    var plan = try plan(SandboxPlan.Script(name: "shell", text: ""), in: .root(isEquipped: true))
    plan.interactive = true
    _ = try context.sandbox.run(
      plan, output: log.descriptor, cancellation: context.cancellation)
  }

  private func plan(_ script: SandboxPlan.Script, in place: Place) throws -> SandboxPlan {
    var plan = template
    plan.script = script
    guard case .root(let isEquipped) = place else {
      // Host steps fetch snapshots and seeds.
      plan.network = .host
      plan.environment["TMPDIR"] = plan.scriptDirectory
      plan.writable = try writable()
      return plan
    }
    plan.root = root.string
    plan.isShifted = confinement == .shifted
    plan.controlGroup = controlGroup?.value.path
    plan.hasSystemMounts = isEquipped
    plan.hostName = "mirrorctl"
    plan.personality = try isThirtyTwoBit() ? .linux32 : .native
    plan.emulators = means.emulators
    // For specs: a sandbox that traces processes does not work under an emulator.
    if means != .native { plan.environment["MIRRORCTL_EMULATED"] = "yes" }
    if isEquipped {
      plan.mounts = try caches() + overlay() + [tree].compactMap { $0 }
      if let server = context.jobServer, settings.sharesJobs {
        plan.mounts.append(SandboxPlan.Bind(source: server.path.string, target: JobServer.place))
        plan.environment["MIRRORCTL_JOBSERVER"] = JobServer.place
      }
      plan.memory = try Self.memory(settings)
    }
    return plan
  }

  private func isThirtyTwoBit() throws -> Bool {
    let wanted = try settings.text("target/arch_desc").flatMap { Architecture(directory: FileName($0)) }
    guard let wanted, let host = ForeignArchitecture.hostMachine.flatMap({ Architecture($0) }) else {
      return false
    }
    return host.companions.contains(wanted)
  }

  /// What host steps can write to: the directories of builds, and the mirror.
  private func writable() throws -> [String] {
    var paths = [context.root, try settings.temporary]
    // A snapshot has no architecture, on which the path of a cache may depend.
    for key in Self.writableKeys { if let path = (try? settings.path(key)) ?? nil { paths.append(path) } }
    // A copy of a directory and one of its parent are two mounts, between which nothing can be linked or moved.
    return paths.filter { path in !paths.contains { $0 != path && path.starts(with: $0) } }.map(\.string)
  }

  private static let writableKeys = [
    "path/work", "path/cache", "path/cache/git", "path/cache/package", "path/distfiles",
  ]

  /// Directories of the host that are kept between builds.
  private func caches() throws -> [SandboxPlan.Bind] {
    try Self.caches.compactMap { source, place, usual in
      guard let path = try settings.path(source) else { return nil }
      return SandboxPlan.Bind(source: path.string, target: try settings.text(place) ?? usual)
    }
  }

  /// The directory, the key of the place in the root, and the usual place.
  private static let caches = [
    ("path/cache/package", "mounts/packages", "/var/tmp/cache/package"),
    ("path/distfiles", "mounts/distfiles", "/var/cache/portage/distfiles"),
    ("path/cache/ccache", "mounts/ccache", "/var/cache/ccache"),
  ]

  /// A directory of the host whose files a step copies into the stage.
  private func overlay() throws -> [SandboxPlan.Bind] {
    guard let path = try settings.path("path/overlay") else { return [] }
    let target = try settings.text("mounts/overlay") ?? "/var/tmp/mirrorctl-overlay"
    return [SandboxPlan.Bind(source: path.string, target: target, isReadOnly: true)]
  }

  /// `build/tmpfs`: the directory in which packages are built, in memory.
  static func memory(_ settings: BuildSettings) throws -> [SandboxPlan.MemoryDirectory] {
    guard let size = try settings.text("build/tmpfs") else { return [] }
    let digits = size.prefix { $0.isASCII && $0.isNumber }
    guard (1...15).contains(digits.count), digits.contains(where: { $0 != "0" }),
      ["", "K", "M", "G", "T", "%"].contains(size.dropFirst(digits.count).uppercased())
    else {
      throw MirrorError(
        .invalid, "build/tmpfs", "`\(size)` is not a size", remedy: "use a size such as 8G or 50%")
    }
    let target = try settings.text("mounts/tmpfs") ?? "/var/tmp/portage"
    return [SandboxPlan.MemoryDirectory(target: target, size: size)]
  }

  /// Creates the caches, and hands them to steps.
  ///
  /// - Returns: the locks that keep other runs from deleting files in them.
  func prepareCaches() throws -> [Shared<CacheLock>] {
    try Self.caches.compactMap { key, _, _ in
      guard let path = try settings.path(key) else { return nil }
      let kind = Self.kinds[key]
      return try StepCache(path: path, confinement: confinement)
        .prepare(
          context.cancellation, SafePath.remedy(key), mark: kind?.mark,
          own: settings.usualTemporary.appending("cache"))
    }
  }

  private static let kinds: [String: CacheKind] = [
    "path/cache/package": .packages, "path/distfiles": .distfiles, "path/cache/ccache": .ccache,
  ]

  /// Removes the rights that steps gave to files in the caches, also after an interrupt.
  func settleCaches(log: borrowing BuildLog) {
    for (key, _, _) in Self.caches {
      guard let path = try? settings.path(key), path.exists else { continue }
      do throws(MirrorError) {
        try StepCache(path: path, confinement: confinement).settle(Cancellation())
      } catch { log.note("\(error)") }
    }
  }
}
