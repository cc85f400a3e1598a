package import LinuxSystem

/// Judges whether this machine can build, and tells what to do where it cannot.
package struct Doctor: Sendable {
  /// How serious a finding is.
  package enum Level: String, Codable, Sendable {
    case ok
    /// Some builds fail, or not every build needs it.
    case warning
    /// No build can be made.
    case missing
  }

  /// One thing that was looked at.
  package struct Finding: Codable, Hashable, Sendable {
    package let level: Level
    /// A key of the configuration, a program, a file.
    package let subject: String
    package let text: String
    /// What to do; nil if all is well.
    package let remedy: String?
  }

  /// In the order in which things are best set right.
  package private(set) var findings: [Finding] = []

  /// Whether builds can be made.
  package var isHealthy: Bool { !findings.contains { $0.level == .missing } }

  /// Judges facts.
  package init(_ facts: DoctorFacts) {
    judgeUser(facts)
    judgeTrial(facts)
    for place in facts.places { judge(place) }
    for architecture in facts.architectures { judge(architecture) }
    judgeKey(facts)
    for (name, use) in Self.programs { judgeProgram(name, use, facts) }
  }

  /// Adds what is odd about the mirror.
  ///
  /// - Parameter action: how an action is called that a remedy names.
  package mutating func warn(_ oddities: [MirrorError], naming action: (Remedy.Action) -> String) {
    for oddity in oddities { add(.warning, oddity.subject, oddity.problem, oddity.remedy?.text(action)) }
  }

  /// What programs of the host are there for; steps in a root use its own.
  private static let programs: KeyValuePairs = [
    "git": "snapshots of Git trees", "rsync": "snapshots and seeds by rsync",
    "python3": "<?python ?> in the configuration", "tar": "host steps that use it",
    "xz": "host steps that use it",
  ]

  private mutating func add(_ level: Level, _ subject: String, _ text: String, _ remedy: String? = nil) {
    findings.append(Finding(level: level, subject: subject, text: text, remedy: remedy))
  }

  private mutating func judgeUser(_ facts: DoctorFacts) {
    let user = facts.user
    if user.isRoot { return add(.ok, "user", "root builds") }
    add(.ok, "user", "\(user.name) builds, as root of a user namespace")
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
        add(.missing, name, "is not to be found", "install uidmap (Debian) or shadow, or build as root")
      }
    }
    judgeLimits(facts.limits)
  }

  private mutating func judgeNumbers(_ kind: SubordinateIDs.Kind, _ count: Int, _ name: String) {
    let remedy = "run as root: \(UserNamespace.addition(name))"
    if count == 0 { return add(.missing, kind.file, "has no line for \(name)", remedy) }
    // `nobody` is 65534 everywhere.
    if count < 65534 {
      return add(.warning, kind.file, "gives \(name) only \(count) numbers: a stage needs 65534", remedy)
    }
    add(.ok, kind.file, "gives \(name) \(count) numbers")
  }

  private mutating func judgeLimits(_ limits: DoctorFacts.Limits) {
    if limits.userNamespaces == 0 {
      add(
        .missing, "user.max_user_namespaces", "is 0: there are no user namespaces",
        "run as root: sysctl -w user.max_user_namespaces=10000")
    }
    if limits.unprivilegedNamespaces == 0 {
      add(
        .missing, "kernel.unprivileged_userns_clone", "is 0: only root makes user namespaces",
        "run as root: sysctl -w kernel.unprivileged_userns_clone=1")
    }
    if let value = limits.restrictedByAppArmor, value != 0 {
      add(
        .warning, "kernel.apparmor_restrict_unprivileged_userns",
        "is \(value): AppArmor lets few programs have them",
        "give mirrorctl a profile with `userns,`, or run as root: sysctl -w "
          + "kernel.apparmor_restrict_unprivileged_userns=0")
    }
  }

  private mutating func judgeTrial(_ facts: DoctorFacts) {
    guard let fault = facts.trial else {
      return add(.ok, "namespaces", "a step had mounts, processes, IPC, host name and network of its own")
    }
    add(
      .missing, "namespaces", "a step could not be run: \(fault)",
      facts.user.isRoot
        ? "allow this container CAP_SYS_ADMIN and an unmasked /proc, or build outside of it"
        : "see the lines above, or build as root")
  }

  private mutating func judge(_ place: DoctorFacts.Place) {
    let subject = "\(place.key) (\(place.path))"
    if let danger = place.danger {
      add(.missing, subject, "\(danger.subject) \(danger.problem)", danger.remedy?.description)
    }
    if place.options.contains("noexec") {
      add(
        .missing, subject, "is mounted noexec: nothing can be run there",
        "mount it without, or set it elsewhere")
    }
    for option in place.options where option != "noexec" {
      add(
        .warning, subject, "is mounted \(option)",
        option == "nosuid"
          ? "mount it without: su and its like fail in steps" : "mount it without: devices fail there")
    }
    guard let free = place.free else { return }
    let (needed, wanted): (Int64, Int64) = place.key == "path/mirror" ? (1, 10) : (4, 20)
    let gibibytes = free >> 30
    let text = "\(gibibytes) GiB are free"
    if gibibytes < needed {
      add(.missing, subject, text, "free some: a build needs \(wanted) GiB")
    } else if gibibytes < wanted {
      add(.warning, subject, text, "free some: a large build needs \(wanted) GiB")
    } else {
      add(.ok, subject, text)
    }
  }

  private mutating func judgeKey(_ facts: DoctorFacts) {
    guard let key = facts.key else { return }
    guard let fault = key.fault else { return add(.ok, "signing/key", "\(key.fingerprint) can sign") }
    // Stages are built without it.
    add(.warning, fault.subject, fault.problem, fault.remedy?.description)
  }

  private mutating func judge(_ architecture: DoctorFacts.Architecture) {
    switch architecture.means {
    case .success(.native): add(.ok, architecture.name, "is run by this machine itself")
    case .success(.emulated(let program)): add(.ok, architecture.name, "is run by \(program)")
    case .success(.emulatedInside(let program)):
      add(
        .warning, architecture.name, "is run by \(program) inside of the root, if the seed has it",
        "register it with flag F, as Debian's qemu-user-static does")
    case .failure(let error): add(.missing, architecture.name, error.problem, error.remedy?.description)
    }
  }

  private mutating func judgeProgram(_ name: String, _ use: String, _ facts: DoctorFacts) {
    if let program = facts.programs[name] { return add(.ok, name, program.path) }
    add(.warning, name, "is not to be found: it is for \(use)", "install it if you need that")
  }
}
