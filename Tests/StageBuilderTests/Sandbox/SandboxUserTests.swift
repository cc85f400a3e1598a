import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// An ordinary user of this machine with subordinate ids, deleted with this value.
final class OrdinaryUser: Sendable {
  /// Whether such a user is possible: root can create one, and the kernel lets ordinary users have
  /// namespaces.
  static let isPossible: Bool = {
    guard Host.isRoot, Tool.exists("useradd"), Tool.exists("newuidmap") else { return false }
    let command = "exec setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user true"
    return (try? Tool.run("sh", "-c", command).status) == 0
  }()
  static let reason: Comment = "needs root, useradd, newuidmap and user namespaces"

  let name: String
  let root: SandboxRoot

  init(hasNumbers: Bool = true) throws {
    name = "mctl\(UInt32.random(in: 0...99_999_999))"
    root = try SandboxRoot()
    // Ranges of other tests' users may be the same: they share nothing.
    let numbers = hasNumbers ? "-K SUB_UID_COUNT=65536 -K SUB_GID_COUNT=65536" : ""
    let lock = "flock /tmp/mirrorctl-test-users.lock"
    let made = try Tool.run(
      "sh", "-c", "\(lock) useradd --no-create-home --home-dir '\(root.directory.path)' \(numbers) \(name)")
    try #require(made.status == 0, "\(made.output)")
    if !hasNumbers {
      _ = try Tool.run("sh", "-c", "\(lock) sed -i '/^\(name):/d' /etc/subuid /etc/subgid")
    }
    try root.directory.shell("chown -R \(name): .")
  }

  deinit { _ = try? Tool.run("sh", "-c", "flock /tmp/mirrorctl-test-users.lock userdel \(name)") }

  /// Runs a command as the user.
  func run(_ command: [String]) throws -> Outcome { try root.directory.run(asUser + command) }

  var asUser: [String] { ["setpriv", "--reuid", name, "--regid", name, "--init-groups"] }

  /// Runs a step as the user.
  func run(_ plan: SandboxPlan) throws -> Outcome {
    let command = try root.command(plan)
    try root.directory.shell("chmod 644 plan-*.json")
    return try run(command)
  }
}

@Suite("An ordinary user", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason))
struct OrdinaryUserTests {
  @Test("runs a step as root of a user namespace")
  func runsStepRoot() throws {
    let user = try OrdinaryUser()
    try user.root.directory.shell("mkdir cache; echo kept > cache/file; chown -R \(user.name): cache")
    let cache = user.root.directory.path.appending("cache").string
    let plan = user.root.plan(
      """
      id; hostname; echo $$; ip -o link | wc -l; echo lost > /dev/null; head -c 2 /dev/zero | wc -c
      test -c /dev/pts/ptmx && echo terminals; cat /proc/self/uid_map | wc -l; cat /ro/file
      echo x > /ro/file || echo refused; echo x > /proc/sys/kernel/domainname || echo refused
      touch /mine; chown 250:250 /mine && stat -c '%u %g' /mine
      touch /theirs; chown 65534:65534 /theirs && stat -c %u /theirs
      mknod /null c 1 3 || echo no devices; mkdir /m; mount -t tmpfs none /m && echo mounted
      """
    ) { $0.mounts = [.init(source: cache, target: "/ro", isReadOnly: true)] }
    let outcome = try user.run(plan)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let lines = outcome.text.split(separator: "\n").filter { !$0.contains(": ") }
    #expect(
      lines == [
        "uid=0 gid=0", "inside", "2", "1", "2", "terminals", "2", "kept", "refused", "refused",
        "250 250", "65534", "no devices", "mounted",
      ], "\(outcome.text) \(outcome.errorText)")
    // Outside, files belong to the user or to the subordinate ids.
    let owner = try user.root.directory.shell("stat -c %u root/mine; id -u \(user.name)").text.split(
      separator: "\n")
    #expect((Int(owner[0]) ?? 0) >= 100_000)
    #expect(try Tree(user.root.path.appending("tmp")).nodes.isEmpty)
  }

  @Test("runs a step on the host's root")
  func runsStepOn() throws {
    let user = try OrdinaryUser()
    try user.root.directory.shell("mkdir -m 700 scripts; chown \(user.name): scripts")
    let plan = user.root.plan("id -u; ls /proc | grep -c '^[0-9]*$'; test -r /etc/shadow || echo no secrets")
    {
      $0.root = nil
      $0.environment["PATH"] = "/usr/bin:/bin"
      $0.scriptDirectory = "\(user.root.directory.path)/scripts"
    }
    let outcome = try user.run(plan)
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 3 && lines.first == "0" && lines.last == "no secrets", "\(outcome.errorText)")
  }

  @Test("who is killed leaves no process", arguments: 0..<4)
  func whoKilledLeaves(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let user = try OrdinaryUser()
    let mark = "35\(getpid())\(seed)7"
    let command = try user.root.command(user.root.plan("setsid sleep \(mark) & trap '' TERM; sleep \(mark)"))
    try user.root.directory.shell("chmod 644 plan-*.json")
    let run = try user.root.directory.start(user.asUser + command)
    usleep(UInt32.random(in: 0...150_000, using: &random))
    kill(run.pid, SIGKILL)
    _ = try run.wait()
    try Host.wait {
      Host.processes(user.root.path.string).isEmpty && Host.processes(mark).isEmpty
        && Host.processes("plan-").filter { Host.isOwned($0, by: user.name) }.isEmpty
    }
  }

  @Test("can remove the work directory, whoever owns the files in it")
  func removesHisWork() throws {
    let user = try OrdinaryUser()
    let work = user.root.directory.path.appending("runs/stage3")
    var command = try user.root.command(
      user.root.plan(
        "mkdir -p /work/root/a; touch /work/root/a/b; chown -R 250:250 /work/root; chmod 0 /work/root"
      ) {
        $0.mounts = [.init(source: work.string, target: "/work")]
      })
    try user.root.directory.shell("chmod 644 plan-*.json")
    command.insert(contentsOf: ["--work", work.string], at: 2)
    let outcome = try user.run(command)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try Tree(user.root.directory.path.appending("runs")).nodes.isEmpty)
  }

  @Test("without subordinate ids is told which entry is missing")
  func withoutSubordinateNumbers() throws {
    let user = try OrdinaryUser(hasNumbers: false)
    let outcome = try user.run(user.root.plan("true"))
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText == """
        mirrorctl: /etc/subuid: has no entry for \(user.name): run as root: \
        usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(user.name)

        """)
  }
}

@Suite("Subordinate ids") struct SubordinateNumbersTests {
  @Test(
    "are a user's by name and by number",
    arguments: [
      ("alice:100000:65536\nbob:165536:65536\n", [100_000]),
      ("1000:300000:10\nalice:100000:5\n", [300_000, 100_000]),
      ("bob:1:2\n", []), ("alice:x:5\nalice:1\nalice:4294967295:5\nalice:7:0\n", []), ("", []),
    ])
  func userSName(text: String, firsts: [UInt32]) {
    #expect(SubordinateIDs(text, user: "alice", number: 1000).ranges.map(\.first) == firsts)
  }

  @Test("are mapped consecutively, after the user")
  func mappedOneAfter() {
    let ids = SubordinateIDs("a:100000:65536\na:500000:10\n", user: "a", number: 1000)
    #expect(
      ids.mapping(of: 1000) == ["0", "1000", "1", "1", "100000", "65536", "65537", "500000", "10"])
  }

  @Test(
    "show whether this process is in a namespace",
    arguments: [
      ("         0          0 4294967295\n", false, 0), ("0 1000 1\n1 100000 65536\n", true, 1000),
      ("", false, 0),
    ])
  func tellWhetherThis(map: String, isInside: Bool, user: UInt32) {
    let state = UserNamespace.State(map: map)
    #expect(state.isInside == isInside)
    #expect(state.outerUser == user)
  }
}

extension Host {
  static func isOwned(_ pid: Int32, by name: String) -> Bool {
    (try? Tool.run("stat", "-c", "%U", "/proc/\(pid)").output) == name + "\n"
  }
}
