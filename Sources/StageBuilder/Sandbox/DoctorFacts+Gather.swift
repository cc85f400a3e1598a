import MirrorModel
package import LinuxSystem
import CLinux
import Glibc
package import SystemPackage

extension DoctorFacts {
  /// Examines this machine.
  ///
  /// - Parameters:
  ///   - places: configuration keys, and the directories they name.
  ///   - rules: directories that must not be emptied.
  ///   - architectures: names from the configuration; unknown ones are ignored.
  ///   - reason: why nothing that only builds need is examined; nil if it is.
  package static func gather(
    places: [(key: String, path: FilePath)], rules: WorkPlaces, architectures: [FileName],
    omittingBuilds reason: String? = nil
  ) throws(MirrorError) -> DoctorFacts {
    let user = geteuid()
    let name = Account.knownName(of: user) ?? "\(user)"
    var facts = DoctorFacts(user: User(name: name, isRoot: user == 0), omitsBuilds: reason)
    if reason != nil {
      facts.places = places.filter { $0.key == "path/mirror" }.map { place($0.key, $0.path, rules) }
      return facts
    }
    if user != 0 {
      facts.user.users = SubordinateIDs(.users, user: name, number: user).count
      facts.user.groups = SubordinateIDs(.groups, user: name, number: user).count
    }
    for name in ["newuidmap", "newgidmap", "git", "rsync", "python3", "tar", "xz"] {
      facts.programs[name] = Executable.find(name).map { Program(path: $0, isPrivileged: isPrivileged($0)) }
    }
    facts.tools = HostTool.all.map { ($0, $0.isInstalled) }
    facts.limits = Limits(
      userNamespaces: number(in: "/proc/sys/user/max_user_namespaces"),
      unprivilegedNamespaces: number(in: "/proc/sys/kernel/unprivileged_userns_clone"),
      restrictedByAppArmor: number(in: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))
    facts.places = places.map { place($0.key, $0.path, rules) }
    let machine = ForeignArchitecture()
    facts.architectures = architectures.compactMap { name in
      (MirrorModel.Architecture(directory: name)?.machine).map { wanted in
        Architecture(
          name: "\(name)",
          means: Result { () throws(MirrorError) in
            try machine.means(for: ProgramHeader(wanted), of: "\(name)")
          })
      }
    }
    facts.trial = try SandboxTrial.fault()
    try facts.tryEmulators()
    if facts.trial == nil && user == 0 {
      let sandbox = Sandbox()
      for index in facts.places.indices where facts.places[index].key != "path/mirror" {
        let (existing, _) = SafePath.existing(FilePath(facts.places[index].path))
        facts.places[index].confinement = try? sandbox.confinement(in: existing)
      }
    }
    return facts
  }

  /// Lets a step register the emulators, where steps can run at all.
  private mutating func tryEmulators() throws(MirrorError) {
    guard trial == nil else { return }
    for index in architectures.indices {
      guard case .success(let means) = architectures[index].means, !means.emulators.isEmpty,
        let fault = try SandboxTrial.fault(registering: means.emulators)
      else { continue }
      architectures[index].means = .failure(
        MirrorError(
          .refused, architectures[index].name, "a test step cannot register an emulator: \(fault)",
          remedy: "use a kernel with binfmt_misc, or install qemu-user-static and binfmt-support (Debian)"))
    }
  }

  /// The number in a kernel file.
  private static func number(in path: String) -> Int? {
    ProcFile.text(path).flatMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }
  }

  private static func isPrivileged(_ path: String) -> Bool {
    var status = clinux_status()
    guard let real = realpath(path, nil) else { return false }
    defer { free(real) }
    guard clinux_status(AT_FDCWD, real, &status) == 0 else { return false }
    // Some distributions use capabilities instead.
    return status.mode & S_ISUID != 0 && status.uid == 0
      || clinux_has_capabilities(real) == 1
  }

  private static func obstacle(_ path: FilePath) -> Obstacle? {
    var file = path
    while access("\(file)/.", F_OK) != 0, errno == ENOTDIR {
      // It, or one of its parents, is a file.
      if access(file.string, F_OK) == 0 { return .notDirectory("\(file)") }
      file.removeLastComponent()
    }
    if access(path.string, W_OK | X_OK) == 0 { return nil }
    switch lastErrno() {
    case .readOnlyFileSystem: return .readOnly("\(path)")
    case .permissionDenied: return .denied("\(path)")
    default: return nil
    }
  }

  private static func place(_ key: String, _ path: FilePath, _ rules: WorkPlaces) -> Place {
    let (existing, missing) = SafePath.existing(path)
    var place = Place(key: key, path: "\(path)", exists: missing.isEmpty && access(path.string, F_OK) == 0)
    place.obstacle = obstacle(existing)
    if case .notDirectory? = place.obstacle { return place }
    // The mirror is public; only a work directory must be private.
    if key != "path/mirror" {
      do throws(MirrorError) {
        if key == "path/work" { try rules.check(work: path) } else { try rules.check(temporary: path) }
        try SafePath.check(path)
      } catch { place.danger = error }
    }
    var system = statvfs()
    guard statvfs(existing.string, &system) == 0 else { return place }
    place.free = Int64(
      clamping: UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize)).partialValue)
    guard key != "path/mirror" else { return place }
    // ST_NOSUID and others, which statvfs(3) hides behind _GNU_SOURCE.
    let options: KeyValuePairs = ["nosuid": UInt(2), "noexec": 8]
    place.options = options.filter { UInt(system.f_flag) & $0.value != 0 }.map(\.key)
    return place
  }
}
