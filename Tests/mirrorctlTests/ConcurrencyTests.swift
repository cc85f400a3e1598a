import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Two runs at once", .enabled(if: Tracing.works, "strace cannot trace here"))
struct ConcurrencyTests {
  private let workspace: Workspace
  private let writers = [
    ["digestgen"], ["index"], ["clean", "--apply"], ["zap"], ["compress"], ["upkeep", "--keep", "1"],
  ]
  private let readers = [
    ["status"], ["empties"], ["nextbuild"], ["verify"], ["index", "--output", "-"], ["clean"],
    ["digestgen", "--dry-run"], ["compress", "--dry-run"], ["zap", "--dry-run"],
  ]

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
  }

  @Test("a second writer changes nothing, reports the first and exits with 10")
  func busy() throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    let before = try Tree(workspace.mirror)
    for verb in writers {
      let second = try workspace.run(workspace.command(verb))
      #expect(second.status == 10, "\(verb): \(second.errorText)")
      #expect(second.errorText.contains("pid \(holder.pid) "), "\(verb): \(second.errorText)")
      #expect(second.errorText.contains("mirrorctl digestgen"), "\(verb): \(second.errorText)")
      #expect(second.output.isEmpty)
    }
    #expect(try Tree(workspace.mirror).differences(from: before) == [])
    #expect(try holder.resume().status == 0)
  }

  @Test("readers never wait")
  func reading() throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    for verb in readers {
      let outcome = try workspace.run(workspace.command(verb))
      // 3: some tarballs are not digested or compressed yet.
      #expect([0, 3].contains(outcome.status), "\(verb): \(outcome.errorText)")
    }
    #expect(try holder.resume().status == 0)
  }

  @Test("with --lock-wait the second waits for the first, then does its work")
  func waits() throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    let second = try workspace.start(workspace.command(["index", "--lock-wait", "60"]))
    // The lock is never released, so the timing does not matter.
    usleep(500_000)
    #expect(second.isRunning)
    #expect(try holder.resume().status == 0)
    let outcome = try second.wait()
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try Tree(workspace.mirror).nodes["index.xml"] != nil)
  }

  @Test("if --lock-wait expires before the first ends, the second fails as without waiting")
  func waitsInVain() throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    #expect(try workspace.mirrorctl("index", "--lock-wait", "1").status == 10)
    #expect(try holder.resume().status == 0)
  }

  @Test("a waiting run can be interrupted", arguments: [SIGINT, SIGTERM])
  func interrupted(_ signal: Int32) throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    let second = try workspace.start(workspace.command(["index", "--lock-wait", "60"]))
    // A signal that arrives before `env` has executed the program kills it; the status is the same.
    usleep(500_000)
    kill(second.pid, signal)
    #expect(try second.wait().status == 128 + signal)
    #expect(try holder.resume().status == 0)
  }

  @Test("a killed run does not keep the lock")
  func killed() throws {
    let holder = try HaltedRun(["digestgen", "--jobs", "1"], after: "fsync", in: workspace)
    holder.signal(SIGKILL)
    #expect(try holder.resume().status == 137)
    #expect(try workspace.mirrorctl("index").status == 0)
  }

  @Test("runs that start together and wait do their work one after the other")
  func crowd() throws {
    let runs = try writers.map { verb in
      try workspace.start(workspace.command(verb + ["--lock-wait", "120"]))
    }
    for run in runs {
      let outcome = try run.wait()
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    let together = try Tree(workspace.mirror)
    #expect(MirrorInvariants.leftovers(in: together) == [])
    // The order is random; one more run updates what the last of them could not see.
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").status == 0)
    let verified = try workspace.mirrorctl("verify")
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
  }
}

@Suite("The lock", .enabled(if: Tool.exists("flock"), "util-linux's flock is not installed"))
struct ForeignLockTests {
  @Test("is an flock(2) on .mirrorctl.lock, which scripts can also hold")
  func script() throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    let holder = try workspace.start([
      "flock", "--close", "\(workspace.mirror)/.mirrorctl.lock", "sh", "-c",
      "cd '\(workspace.path)'; : > held; until [ -e over ]; do sleep 0.05; done",
    ])
    for _ in 0..<6000 where holder.isRunning && access("\(workspace.path)/held", F_OK) != 0 { usleep(10_000) }
    let busy = try workspace.mirrorctl("index")
    #expect(busy.status == 10, "\(busy.errorText)")
    #expect(busy.errorText.contains("\(workspace.mirror)/.mirrorctl.lock"))
    try workspace.shell(": > over")
    #expect(try holder.wait().status == 0)
    #expect(try workspace.mirrorctl("index").status == 0)
  }
}
