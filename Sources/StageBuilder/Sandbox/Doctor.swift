package import LinuxSystem
import MirrorModel

/// Checks whether this machine can keep the mirror and build, and how to fix what is missing.
package struct Doctor: Sendable {
  /// How serious a finding is.
  package enum Level: String, Codable, Sendable {
    case ok
    /// It was not examined, since nothing needs it.
    case skipped
    /// Some builds fail, or it is not needed for every build, or upkeep will fail soon.
    case warning
    /// No build is possible, or upkeep fails.
    case missing
  }

  /// The result of one check.
  package struct Finding: Codable, Hashable, Sendable {
    package let level: Level
    /// A configuration key, a program or a file.
    package let subject: String
    package let text: String
    /// How to fix it; nil if nothing is wrong.
    package let remedy: String?
  }

  /// In the order in which problems are best fixed.
  package private(set) var findings: [Finding] = []

  /// Whether builds and upkeep are possible, as far as they were examined.
  package var isHealthy: Bool { !findings.contains { $0.level == .missing } }

  /// Evaluates the facts.
  ///
  /// - Parameter action: returns the name of an action in a remedy.
  package init(_ facts: DoctorFacts, naming action: (Remedy.Action) -> String = \.description) {
    if let upkeep = facts.upkeep { judge(upkeep, action) }
    if facts.lacksMirror {
      add(.skipped, "mirror", "not given: use --mirror, MIRRORCTL_MIRROR or path/mirror")
    }
    if let reason = facts.omitsBuilds {
      for place in facts.places { judge(place, facts, isForBuilds: false) }
      judgeKey(facts)
      add(.skipped, "builds", reason)
      return
    }
    judgeUser(facts)
    judgeTrial(facts)
    for place in facts.places { judge(place, facts) }
    for architecture in facts.architectures { judge(architecture) }
    judgeKey(facts)
    for (name, use) in Self.programs { judgeProgram(name, use, facts) }
    judgeTools(facts)
  }

  /// Adds warnings.
  ///
  /// - Parameter action: returns the name of an action in a remedy.
  package mutating func warn(_ oddities: [MirrorError], naming action: (Remedy.Action) -> String) {
    for oddity in oddities { add(.warning, oddity.subject, oddity.problem, oddity.remedy?.text(action)) }
  }

  /// Host programs and their purpose; steps in a root use the root's own.
  private static let programs: KeyValuePairs = [
    "git": "snapshots of Git trees", "rsync": "snapshots and seeds by rsync",
    "python3": "<?python ?> in the configuration", "tar": "host steps that use it",
    "xz": "host steps that use it",
  ]

  mutating func add(_ level: Level, _ subject: String, _ text: String, _ remedy: String? = nil) {
    findings.append(Finding(level: level, subject: subject, text: text, remedy: remedy))
  }

  private mutating func judgeUser(_ facts: DoctorFacts) {
    let user = facts.user
    if user.isRoot { return add(.ok, "user", "builds run as root") }
    add(.ok, "user", "builds run as \(user.name), in a user namespace")
    judgeNumbers(.users, user.users, user.name)
    judgeNumbers(.groups, user.groups, user.name)
    for name in ["newuidmap", "newgidmap"] {
      if let program = facts.programs[name] {
        if program.isPrivileged {
          add(.ok, name, program.path)
        } else {
          add(
            .missing, name, "\(program.path) does not run as root", "run as root: chmod u+s \(program.path)")
        }
      } else {
        add(.missing, name, "not found", "install uidmap (Debian) or shadow, or build as root")
      }
    }
    judgeLimits(facts.limits)
  }

  private mutating func judgeNumbers(_ kind: SubordinateIDs.Kind, _ count: Int, _ name: String) {
    let remedy = "run as root: \(UserNamespace.addition(name))"
    if count == 0 { return add(.missing, kind.file, "has no entry for \(name)", remedy) }
    // `nobody` is 65534 everywhere.
    if count < 65534 {
      return add(.warning, kind.file, "grants \(name) only \(count) ids: a stage needs 65534", remedy)
    }
    add(.ok, kind.file, "grants \(name) \(count) ids")
  }

  private mutating func judgeLimits(_ limits: DoctorFacts.Limits) {
    if limits.userNamespaces == 0 {
      add(
        .missing, "user.max_user_namespaces", "is 0: user namespaces are disabled",
        "run as root: sysctl -w user.max_user_namespaces=10000")
    }
    if limits.unprivilegedNamespaces == 0 {
      add(
        .missing, "kernel.unprivileged_userns_clone", "is 0: only root can create user namespaces",
        "run as root: sysctl -w kernel.unprivileged_userns_clone=1")
    }
    if let value = limits.restrictedByAppArmor, value != 0 {
      add(
        .warning, "kernel.apparmor_restrict_unprivileged_userns",
        "is \(value): AppArmor restricts user namespaces",
        "add an AppArmor profile with `userns,`, or run as root: sysctl -w "
          + "kernel.apparmor_restrict_unprivileged_userns=0")
    }
  }

  private mutating func judgeTrial(_ facts: DoctorFacts) {
    guard let fault = facts.trial else {
      return add(.ok, "namespaces", "namespaces work: mounts, processes, IPC, host name and network")
    }
    add(
      .missing, "namespaces", "cannot run a test step: \(fault)",
      facts.user.isRoot
        ? "give this container CAP_SYS_ADMIN and an unmasked /proc, or build outside it"
        : "fix the problems above, or build as root")
  }

  private mutating func judge(
    _ place: DoctorFacts.Place, _ facts: DoctorFacts, isForBuilds: Bool = true
  ) {
    let subject = "\(place.key) (\(place.path))"
    let isMirror = place.key == "path/mirror"
    if isMirror && !place.exists && !facts.buildsMakeMirror {
      return add(.missing, subject, "does not exist", "create it, or check the path")
    }
    if let obstacle = place.obstacle { judge(obstacle, place, subject, facts.user) }
    if let danger = place.danger {
      add(.missing, subject, "\(danger.subject) \(danger.problem)", danger.remedy?.description)
    }
    if place.options.contains("noexec") {
      add(
        .missing, subject, "is mounted noexec: programs cannot run there",
        "remount it without noexec, or use another directory")
    }
    if place.options.contains("nosuid") {
      add(
        .warning, subject, "is mounted nosuid", "remount it without nosuid: su and sudo fail in steps")
    }
    judgeConfinement(place, subject)
    guard let free = place.free, place.obstacle == nil else { return }
    let gibibytes = free >> 30
    guard isForBuilds else {
      return gibibytes < 1
        ? add(.warning, subject, "less than 1 GiB free", "free some space, or keep fewer versions")
        : add(.ok, subject, "\(gibibytes) GiB free")
    }
    let (needed, wanted): (Int64, Int64) = isMirror ? (1, 10) : (4, 20)
    let text =
      "\(gibibytes) GiB free" + (place.exists ? "" : "; does not exist yet, a build creates it")
      + (place.confinement == .idmapped ? "; idmapped mounts" : "")
    if gibibytes < needed {
      add(.missing, subject, text, "free some space: a build needs \(wanted) GiB")
    } else if gibibytes < wanted {
      add(.warning, subject, text, "free some space: a large build needs \(wanted) GiB")
    } else {
      add(.ok, subject, text)
    }
  }

  private mutating func judgeConfinement(_ place: DoctorFacts.Place, _ subject: String) {
    guard place.confinement == .shifted else { return }
    add(
      .warning, subject, "has no idmapped mounts: builds store the owners of a stage shifted by 2^31",
      "use ext4, XFS or Btrfs and Linux 5.12 or later if your specs unpack or capture by themselves")
  }

  private mutating func judge(
    _ obstacle: DoctorFacts.Obstacle, _ place: DoctorFacts.Place, _ subject: String, _ user: DoctorFacts.User
  ) {
    let beginning = place.exists ? "" : "does not exist, and cannot be created: "
    switch obstacle {
    case .notDirectory(let path):
      add(
        .missing, subject,
        path == place.path ? "is not a directory" : "\(beginning)\(path) is not a directory",
        "move the file away, or use another directory")
    case .readOnly(let path):
      add(
        .missing, subject, "\(beginning)\(path) is on a file system that is mounted read-only",
        "mount it writable, or use another directory")
    case .denied(let path):
      add(
        .missing, subject, "\(beginning)\(user.name) cannot write to \(path)",
        "fix its owner and mode, or use another directory")
    }
  }

  private mutating func judgeKey(_ facts: DoctorFacts) {
    guard let key = facts.key else { return }
    let end = key.until.map { " until \(CalendarDate(localDayOf: $0))" } ?? ""
    guard let fault = key.fault else { return add(.ok, "signing/key", "\(key.fingerprint) can sign\(end)") }
    // Stages are built without it.
    add(.warning, fault.subject, fault.problem, fault.remedy?.description)
  }

  private mutating func judge(_ architecture: DoctorFacts.Architecture) {
    switch architecture.means {
    case .success(.native): add(.ok, architecture.name, "runs natively")
    case .success(.emulated(let program)):
      add(.ok, architecture.name, "runs under \(program), which is registered on this host")
    case .success(.registered(let emulators)):
      let programs = emulators.map(\.path).joined(separator: ", ")
      add(.ok, architecture.name, "runs under \(programs), registered in each step's own user namespace")
    case .success(.emulatedInside(let program)):
      add(
        .warning, architecture.name,
        "runs under \(program), which is registered on this host, if the seed contains it",
        "register the emulator with flag F, as Debian's qemu-user-static does")
    case .failure(let error): add(.missing, architecture.name, error.problem, error.remedy?.description)
    }
  }

  private mutating func judgeProgram(_ name: String, _ use: String, _ facts: DoctorFacts) {
    if let program = facts.programs[name] { return add(.ok, name, program.path) }
    add(.warning, name, "not found: needed for \(use)", "install it if you need this")
  }

  /// Those of a package and a purpose are one finding, and so are all that are installed.
  private mutating func judgeTools(_ facts: DoctorFacts) {
    let found = facts.tools.filter(\.isInstalled).map(\.tool.name)
    if !found.isEmpty { add(.ok, "export", "found " + found.joined(separator: ", ")) }
    var missing: [HostTool] = []
    for (tool, isInstalled) in facts.tools where !isInstalled {
      if !missing.contains(where: { $0.isBeside(tool) }) { missing.append(tool) }
    }
    for tool in missing {
      let names = facts.tools.filter { !$0.isInstalled && $0.tool.isBeside(tool) }.map(\.tool.name)
      add(
        .warning, names.joined(separator: ", "), "not found: needed for \(tool.use)",
        "\(tool.remedy) if you need this")
    }
  }
}
