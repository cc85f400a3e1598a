import Foundation
import Glibc
import MirrorTools
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: Machine.isRoot, Machine.needsRoot), .serialized) struct `mirrorctl that is killed` {
  @Test(arguments: 0..<24)
  func `leaves no process and no mount, whatever it was at`(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let root = try SandboxRoot()
    let mark = "33\(getpid())\(seed)7"
    let before = try Machine.mounts(root)
    let plan = root.plan("setsid sleep \(mark) & (sleep \(mark) &); trap '' TERM; sleep \(mark)")
    let run = try root.directory.start(root.command(plan))
    usleep(UInt32.random(in: 0...120_000, using: &random))
    kill(run.pid, SIGKILL)
    #expect(try run.wait().status == 137)
    try Machine.wait { Machine.processes(root.path.string).isEmpty && Machine.processes(mark).isEmpty }
    try Machine.wait { !Self.someoneMounts(root.path.string) }
    #expect(try Machine.mounts(root) == before)
    try root.directory.shell("rm -rf root")
  }

  @Test(arguments: ["helper", "pid 1"])
  func `in part ends as a whole`(part: String) throws {
    let root = try SandboxRoot()
    let mark = "34\(getpid())\(part.count)7"
    let run = try root.directory.start(root.command(root.plan("setsid sleep \(mark) & sleep \(mark)")))
    try Machine.wait { Machine.processes(mark).count == 2 }
    let helper = try #require(Self.child(of: run.pid))
    kill(part == "helper" ? helper : try #require(Self.child(of: helper)), SIGKILL)
    let outcome = try run.wait()
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("steps/chroot/run: was ended from outside"))
    try Machine.wait { Machine.processes(mark).isEmpty }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `by a signal that asks ends the step first`(signal: Int32) throws {
    let root = try SandboxRoot()
    let run = try root.directory.start(
      root.command(root.plan("trap 'touch /tidied; exit' TERM; touch /begun; while :; do sleep 0.01; done")))
    try Machine.wait { access(root.path.appending("begun").string, F_OK) == 0 }
    kill(run.pid, signal)
    #expect(try run.wait().status == 128 + signal)
    #expect(access(root.path.appending("tidied").string, F_OK) == 0)
  }

  /// Whether a process has the root mounted, in whatever namespace.
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
