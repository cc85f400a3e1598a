import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("A killed mirrorctl", .enabled(if: Host.isRoot, Host.needsRoot), .serialized)
struct MirrorctlKilledTests {
  @Test("leaves no process and no mount, at any stage", arguments: 0..<24)
  func leavesNoProcess(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let root = try SandboxRoot()
    let mark = "33\(getpid())\(seed)7"
    let before = try Host.mounts(root)
    let plan = root.plan("setsid sleep \(mark) & (sleep \(mark) &); trap '' TERM; sleep \(mark)")
    // The helper and pid 1 inherit this variable; their arguments say nothing.
    let run = try root.directory.start(["PATH=/usr/bin:/bin:/\(mark)"] + root.command(plan))
    usleep(UInt32.random(in: 0...120_000, using: &random))
    kill(run.pid, SIGKILL)
    #expect(try run.wait().status == 137)
    try Host.wait { Host.processes(root.path.string).isEmpty && Host.processes(mark).isEmpty }
    try Host.wait { !Self.someoneMounts(root.path.string) }
    #expect(try Host.mounts(root) == before)
    try root.directory.shell("rm -rf root")
  }

  @Test(
    "leaves nothing if a system call fails, and reports the failure",
    .enabled(if: Tracing.works, "\(Tracing.reason)"),
    arguments: [
      "unshare", "mount", "open_tree", "mount_setattr", "fsopen", "fsmount", "move_mount", "pivot_root",
      "umount2",
      "pidfd_open",
    ])
  func nothingButRefused(call: String) throws {
    let root = try SandboxRoot()
    let before = (try Host.mounts(root), try Tree(root.path))
    let trace = Tracing.arguments(trace: [call], inject: "\(call):error=EPERM")
    let outcome = try root.directory.run(trace + root.command(root.plan("true")))
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains(/^mirrorctl: .+: cannot .+: Operation not permitted/), "\(outcome.errorText)"
    )
    #expect(try Host.mounts(root) == before.0)
    #expect(try Tree(root.path).differences(from: before.1) == [])
  }

  @Test("ends completely if one of its processes is killed", arguments: ["helper", "pid 1"])
  func partEndsWhole(part: String) throws {
    let root = try SandboxRoot()
    let mark = "34\(getpid())\(part.count)7"
    let run = try root.directory.start(root.command(root.plan("setsid sleep \(mark) & sleep \(mark)")))
    try Host.wait { Host.processes(mark).count == 2 }
    let helper = try #require(Self.child(of: run.pid))
    kill(part == "helper" ? helper : try #require(Self.child(of: helper)), SIGKILL)
    let outcome = try run.wait()
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("steps/chroot/run: was killed from outside"))
    try Host.wait { Host.processes(mark).isEmpty }
  }

  @Test("ends the step first if the signal can be caught", arguments: [SIGINT, SIGTERM])
  func signalAsksEnds(signal: Int32) throws {
    let root = try SandboxRoot()
    let run = try root.directory.start(
      root.command(root.plan("trap 'touch /tidied; exit' TERM; touch /begun; while :; do sleep 0.01; done")))
    try Host.wait { access(root.path.appending("begun").string, F_OK) == 0 }
    kill(run.pid, signal)
    let outcome = try run.wait()
    #expect(outcome.status == 128 + signal, "\(outcome.errorText)")
    #expect(access(root.path.appending("tidied").string, F_OK) == 0)
  }

  /// Whether a process in any namespace has the root mounted.
  private static func someoneMounts(_ path: String) -> Bool {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.filter { Int($0) != nil }.contains { pid in
      let table = FileManager.default.contents(atPath: "/proc/\(pid)/mountinfo") ?? Data()
      return String(decoding: table, as: UTF8.self).contains(path)
    }
  }

  private static func child(of pid: Int32) -> Int32? {
    let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
    return text?.split(separator: " ").first.flatMap { Int32($0) }
  }
}
