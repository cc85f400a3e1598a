import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The doctor") struct DoctorTests {
  private static let alice = DoctorFacts(
    user: .init(name: "alice", isRoot: false, users: 65536, groups: 65536),
    programs: [
      "newuidmap": .init(path: "/usr/bin/newuidmap", isPrivileged: true),
      "newgidmap": .init(path: "/usr/bin/newgidmap", isPrivileged: true), "git": .init(path: "/usr/bin/git"),
      "rsync": .init(path: "/usr/bin/rsync"), "python3": .init(path: "/usr/bin/python3"),
      "tar": .init(path: "/usr/bin/tar"), "xz": .init(path: "/usr/bin/xz"),
    ])

  struct Ill: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let harm: @Sendable (inout DoctorFacts) -> Void
    let level: Doctor.Level
    let subject: String
    let remedy: String
  }

  private static let usermod =
    "run as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 alice"

  static let ills = [
    Ill(
      testDescription: "no subordinate users", harm: { $0.user.users = 0 }, level: .missing,
      subject: "/etc/subuid", remedy: usermod),
    Ill(
      testDescription: "few subordinate groups", harm: { $0.user.groups = 1000 }, level: .warning,
      subject: "/etc/subgid", remedy: usermod),
    Ill(
      testDescription: "no newuidmap", harm: { $0.programs["newuidmap"] = nil }, level: .missing,
      subject: "newuidmap", remedy: "install uidmap (Debian) or shadow, or build as root"),
    Ill(
      testDescription: "newgidmap not set-user-ID", harm: { $0.programs["newgidmap"]?.isPrivileged = false },
      level: .missing, subject: "newgidmap", remedy: "run as root: chmod u+s /usr/bin/newgidmap"),
    Ill(
      testDescription: "no user namespaces", harm: { $0.limits.userNamespaces = 0 }, level: .missing,
      subject: "user.max_user_namespaces",
      remedy: "run as root: sysctl -w user.max_user_namespaces=10000"),
    Ill(
      testDescription: "user namespaces only for root", harm: { $0.limits.unprivilegedNamespaces = 0 },
      level: .missing, subject: "kernel.unprivileged_userns_clone",
      remedy: "run as root: sysctl -w kernel.unprivileged_userns_clone=1"),
    Ill(
      testDescription: "AppArmor", harm: { $0.limits.restrictedByAppArmor = 1 }, level: .warning,
      subject: "kernel.apparmor_restrict_unprivileged_userns",
      remedy: "add an AppArmor profile with `userns,`, or run as root: sysctl -w "
        + "kernel.apparmor_restrict_unprivileged_userns=0"),
    Ill(
      testDescription: "a step that fails", harm: { $0.trial = "unshare(2): no" }, level: .missing,
      subject: "namespaces", remedy: "fix the problems above, or build as root"),
    Ill(
      testDescription: "a full disk",
      harm: { $0.places = [.init(key: "path/work", path: "/w", free: 3 << 30)] }, level: .missing,
      subject: "path/work (/w)", remedy: "free some space: a build needs 20 GiB"),
    Ill(
      testDescription: "a disk that is nearly full",
      harm: { $0.places = [.init(key: "path/mirror", path: "/m", free: 5 << 30)] }, level: .warning,
      subject: "path/mirror (/m)", remedy: "free some space: a large build needs 10 GiB"),
    Ill(
      testDescription: "noexec",
      harm: { $0.places = [.init(key: "path/tmp", path: "/t", free: 99 << 30, options: ["noexec"])] },
      level: .missing, subject: "path/tmp (/t)",
      remedy: "remount it without noexec, or use another directory"),
    Ill(
      testDescription: "a file system that is mounted read-only",
      harm: {
        $0.places = [.init(key: "path/tmp", path: "/t", obstacle: .readOnly("/t"), free: 99 << 30)]
      }, level: .missing, subject: "path/tmp (/t)", remedy: "mount it writable, or use another directory"),
    Ill(
      testDescription: "a directory that cannot be created",
      harm: { $0.places = [.init(key: "path/work", path: "/w/x", exists: false, obstacle: .denied("/w"))] },
      level: .missing, subject: "path/work (/w/x)",
      remedy: "fix its owner and mode, or use another directory"),
    Ill(
      testDescription: "no mirror",
      harm: { $0.places = [.init(key: "path/mirror", path: "/m", exists: false, free: 99 << 30)] },
      level: .missing, subject: "path/mirror (/m)", remedy: "create it, or check the path"),
    Ill(
      testDescription: "an unknown architecture",
      harm: {
        $0.architectures = [
          .init(
            name: "riscv-64bit", means: .failure(MirrorError(.refused, "", "cannot", remedy: "install qemu")))
        ]
      }, level: .missing, subject: "riscv-64bit", remedy: "install qemu"),
    Ill(
      testDescription: "no git", harm: { $0.programs["git"] = nil }, level: .warning, subject: "git",
      remedy: "install it if you need this"),
    Ill(
      testDescription: "no programs of a package that exports need",
      harm: {
        let tools = ["mformat", "mcopy"].map {
          HostTool(name: $0, debian: "mtools", gentoo: "sys-fs/mtools", use: "disks")
        }
        $0.tools = [(.skopeo, true)] + tools.map { ($0, false) }
      }, level: .warning, subject: "mformat, mcopy",
      remedy: "install mtools (Debian) or sys-fs/mtools (Gentoo) if you need this"),
  ]

  @Test("finds nothing wrong with a machine that can build")
  func findsNothingWrong() {
    let doctor = Doctor(Self.alice)
    #expect(doctor.isHealthy)
    #expect(doctor.findings.allSatisfy { $0.level == .ok && $0.remedy == nil })
  }

  @Test("reports each problem with a remedy, and no other", arguments: ills)
  func tellsEachIll(ill: Ill) {
    var facts = Self.alice
    ill.harm(&facts)
    let bad = Doctor(facts).findings.filter { $0.level != .ok }
    #expect(bad.map(\.level) == [ill.level])
    #expect(bad.map(\.subject) == [ill.subject])
    #expect(bad.map(\.remedy) == [ill.remedy])
    #expect(Doctor(facts).isHealthy == (ill.level == .warning))
  }

  @Test("does not miss a mirror that a build creates, on a node of a farm")
  func mirrorOfNode() {
    var facts = Self.alice
    facts.places = [.init(key: "path/mirror", path: "/m", exists: false, free: 99 << 30)]
    facts.buildsMakeMirror = true
    #expect(Doctor(facts).isHealthy)
  }

  private static let upkeep = {
    var upkeep = UpkeepFacts(root: "/srv/mirror", subarches: .success(3))
    upkeep.catalog = .success(("/var/lib/mirrorctl/catalog", true))
    upkeep.clock.isSynchronized = true
    (upkeep.isSigned, upkeep.now) = (true, 1_000_000)
    upkeep.destinations = [.init(name: "www", address: "www:/srv", problem: nil)]
    return upkeep
  }()

  struct Trouble: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let level: Doctor.Level
    let subject: String
    let text: String
    let harm: @Sendable (inout UpkeepFacts) -> Void
  }

  static let troubles = [
    Trouble(
      testDescription: "no mirror", level: .missing, subject: "/srv/mirror", text: "is not a mirror",
      harm: { $0.subarches = .failure(MirrorError(.refused, "/srv/mirror", "is not a mirror")) }),
    Trouble(
      testDescription: "an empty directory, which may become one", level: .warning, subject: "/srv/mirror",
      text: "is not a mirror",
      harm: {
        $0.subarches = .failure(MirrorError(.refused, "/srv/mirror", "is not a mirror"))
        $0.isEmpty = true
      }),
    Trouble(
      testDescription: "a lock that is held for days", level: .warning, subject: "lock",
      text: "mirrorctl clean, pid 7 on h has held it for 2 days",
      harm: { $0.lock = .success(.init(name: "mirrorctl clean, pid 7 on h", since: 1_000_000 - 180_000)) }),
    Trouble(
      testDescription: "the lock of another user", level: .missing, subject: "l", text: "belongs to bob",
      harm: { $0.lock = .failure(MirrorError(.invalid, "l", "belongs to bob")) }),
    Trouble(
      testDescription: "a damaged catalog", level: .warning, subject: "c", text: "is damaged",
      harm: { $0.catalog = .failure(MirrorError(.library, "c", "is damaged")) }),
    Trouble(
      testDescription: "no room for the catalog", level: .warning, subject: "catalog",
      text: "only 1.0 MiB free where it is kept", harm: { $0.catalogSpace = 1 << 20 }),
    Trouble(
      testDescription: "no rsync", level: .missing, subject: "rsync", text: "not found: needed to publish",
      harm: { $0.hasRsync = false }),
    Trouble(
      testDescription: "a destination that does not answer", level: .missing, subject: "publish www",
      text: "did not answer",
      harm: {
        $0.destinations = [
          .init(
            name: "www", address: "www:/srv", problem: MirrorError(.library, "publish www", "did not answer"))
        ]
      }),
    Trouble(
      testDescription: "a clock that runs free", level: .warning, subject: "clock",
      text: "no time service keeps it right, says the kernel", harm: { $0.clock.isSynchronized = false }),
    Trouble(
      testDescription: "files of the future", level: .warning, subject: "clock",
      text: "is wrong, or was: /srv/mirror/x (and 2 more) was changed in the future",
      harm: { ($0.clock.laterFiles, $0.clock.laterFile) = (3, "/srv/mirror/x") }),
  ]

  @Test("reports each problem of upkeep, and no other", arguments: troubles)
  func upkeepTroubles(trouble: Trouble) {
    var facts = Self.alice
    facts.upkeep = Self.upkeep
    #expect(Doctor(facts).findings.allSatisfy { $0.level == .ok })
    facts.upkeep.map { upkeep in
      var upkeep = upkeep
      trouble.harm(&upkeep)
      facts.upkeep = upkeep
    }
    let bad = Doctor(facts).findings.filter { $0.level != .ok }
    #expect(bad.map(\.level) == [trouble.level])
    #expect(bad.map(\.subject) == [trouble.subject])
    #expect(bad.map(\.text) == [trouble.text])
  }

  @Test("where nothing is built, no tool of builds is missed")
  func omitsBuilds() {
    var facts = DoctorFacts(user: .init(name: "mirror", isRoot: false), omitsBuilds: "nothing is built here")
    (facts.upkeep, facts.trial) = (Self.upkeep, "unshare(2): no")
    facts.places = [.init(key: "path/mirror", path: "/m", free: 2 << 30)]
    let doctor = Doctor(facts)
    #expect(doctor.isHealthy && !doctor.findings.contains { $0.level == .warning })
    #expect(doctor.findings.filter { $0.level == .skipped }.map(\.text) == ["nothing is built here"])
    facts.places[0].free = 1 << 29
    #expect(Doctor(facts).findings.filter { $0.level == .warning }.map(\.subject) == ["path/mirror (/m)"])
  }

  @Test("ignores root's subordinate ids")
  func asksNothingRoot() {
    let doctor = Doctor(DoctorFacts(user: .init(name: "root", isRoot: true), programs: Self.alice.programs))
    #expect(doctor.isHealthy)
    #expect(!doctor.findings.contains { $0.subject.hasPrefix("/etc/sub") })
  }
}

@Suite("mirrorctl doctor") struct MirrorctlDoctorTests {
  @Test("reports the paths and architectures of a configuration", .enabled(if: Host.isRoot, Host.needsRoot))
  func tellsPathsArchitectures() throws {
    let root = try SandboxRoot()
    try root.directory.shell(
      """
      mkdir -m 700 work
      printf '[section path]\\nmirror: %s/mirror\\ntmp: %s/work\\nwork: $[path/tmp]/$[target]\\n' $PWD $PWD > conf
      printf '[section rotation]\\narches: x86-32bit nonsense\\n' >> conf
      """)
    let outcome = try root.directory.run([
      Program.path.string, "doctor", "--config", "\(root.directory.path)/conf",
    ])
    let subjects = outcome.text.split(separator: "\n").compactMap {
      $0.split(separator: ": ").dropFirst().first
    }
    let path = root.directory.path
    #expect(
      subjects.filter { $0.hasPrefix("path/") } == [
        "path/tmp (\(path)/work)", "path/mirror (\(path)/mirror)",
      ])
    #expect(subjects.contains("x86-32bit") && !subjects.contains("nonsense"))
    #expect(outcome.text.contains("ok: namespaces: "), "\(outcome.text)")
  }

  @Test("exits with 1 if no build is possible, and says so in JSON")
  func endsWith1() throws {
    let workspace = try Workspace()
    try workspace.shell("mkdir -m 777 work; printf '[section path]\\ntmp: %s/work\\n' $PWD > conf")
    let outcome = try workspace.run([
      Program.path.string, "doctor", "--json", "--config", "\(workspace.path)/conf",
    ])
    #expect(outcome.status == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    let findings = try #require(object["findings"] as? [[String: String]])
    let work = findings.first { $0["subject"] == "path/tmp (\(workspace.path)/work)" }
    #expect(work?["level"] == "missing")
    #expect(work?["text"] == "\(workspace.path)/work is world-writable without the sticky bit")
    #expect(work?["remedy"] == "fix its owner and mode, or set path/work to another directory")
  }

  @Test("says which directories do not exist, cannot be created, or are files")
  func places() throws {
    let workspace = try Workspace()
    try workspace.shell(
      "mkdir -m 700 new; echo x > file; printf '[section path]\\ntmp: %s/new/tmp\\nmirror: %s/gone\\n' $PWD $PWD > conf"
    )
    func finding(_ key: String, _ definitions: String...) throws -> String {
      let text = try workspace.run(
        [Program.path.string, "doctor", "--config", "\(workspace.path)/conf"] + definitions
      ).text
      return text.split(separator: "\n").first { $0.contains(": \(key) (") }.map(String.init) ?? ""
    }
    let path = "\(workspace.path)"
    #expect(
      try finding("path/mirror")
        == "missing: path/mirror (\(path)/gone): does not exist: create it, or check the path")
    #expect(try finding("path/tmp").contains(" GiB free; does not exist yet, a build creates it"))
    #expect(
      try finding("path/tmp", "path/tmp:", "\(path)/file")
        == "missing: path/tmp (\(path)/file): is not a directory: move the file away, or use another directory"
    )
    #expect(
      try finding("path/tmp", "path/tmp:", "\(path)/file/tmp")
        == "missing: path/tmp (\(path)/file/tmp): does not exist, and cannot be created: \(path)/file is not a directory: move the file away, or use another directory"
    )
  }

  @Test("says that a directory is mounted read-only", .enabled(if: Host.isRoot, Host.needsRoot))
  func readOnly() throws {
    let workspace = try Workspace()
    try workspace.shell(
      "mkdir -m 700 ro; printf '[section path]\\ntmp: %s/ro\\n' $PWD > conf")
    let outcome = try workspace.run([
      "unshare", "-m", "sh", "-c",
      "mount -t tmpfs -o ro,mode=700 none \(workspace.path)/ro; exec \"$@\"", "sh", Program.path.string,
      "doctor",
      "--config", "\(workspace.path)/conf",
    ])
    #expect(outcome.status == 1)
    #expect(
      outcome.text.contains(
        "missing: path/tmp (\(workspace.path)/ro): \(workspace.path)/ro is on a file system that is mounted read-only: mount it writable"
      ), "\(outcome.text)")
  }

  @Test("tries a step for an ordinary user too", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
  func triesStepFor() throws {
    let well = try OrdinaryUser()
    let outcome = try well.run([Program.path.string, "doctor"])
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.text.contains("ok: user: builds run as \(well.name), in a user namespace\n"))
    #expect(outcome.text.contains("ok: namespaces: "))

    let ill = try OrdinaryUser(hasNumbers: false)
    let told = try ill.run([Program.path.string, "doctor"])
    #expect(told.status == 1)
    #expect(told.text.contains("missing: /etc/subuid: has no entry for \(ill.name): run as root: usermod"))
    #expect(told.text.contains("missing: namespaces: cannot run a test step: /etc/subuid: has no entry"))
  }
}
