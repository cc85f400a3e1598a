import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Somebody without rights, who owns the mirrors of these tests.
private enum Owner {
  static let command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  static let works: Bool = {
    guard geteuid() == 0, let sandbox = try? Sandbox() else { return false }
    return (try? sandbox.run(command + [Program.path.string, "--version"]).status) == 0
  }()
}

@Suite(
  "The lock file of a mirror",
  .enabled(if: Owner.works, "needs setpriv, root and a mirrorctl that everybody may run"))
struct LockFileTests {
  private let sandbox: Sandbox
  private var lock: String { "\(sandbox.mirror)/.mirrorctl.lock" }

  init() throws {
    sandbox = try Sandbox()
    try FaultMirror.make("mirror", in: sandbox)
    try sandbox.shell("mkdir state; chown -R 65534:65534 mirror state")
  }

  private func expectTidy() throws {
    #expect(try sandbox.shell("stat -c '%u %g %a %s' '\(lock)'").text == "65534 65534 600 0\n")
  }

  @Test("belongs to the mirror's owner alone, whoever ran, and names nobody after a run")
  func owner() throws {
    for command in [[], Owner.command, []] {
      let outcome = try sandbox.run(command + sandbox.command(["index", "-q"]))
      #expect(outcome.status == 0, "\(outcome.errorText)")
      try sandbox.shell("chown -R 65534:65534 state")
      try expectTidy()
    }
  }

  @Test("of an older version is closed to others by the next run")
  func old() throws {
    try sandbox.shell("umask 022; echo '1 elsewhere upkeep' > '\(lock)'; chmod 644 '\(lock)'")
    #expect(try sandbox.run(sandbox.command(["index", "-q"])).status == 0)
    try expectTidy()
  }

  @Test("cannot be held by another user, who is told whom to ask")
  func others() throws {
    _ = try sandbox.run(sandbox.command(["index", "-q"]))
    let stranger = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    let held = try sandbox.run(stranger + ["flock", "--nonblock", lock, "true"])
    #expect(held.status != 0)
    let outcome = try sandbox.run(
      stranger + ["env", "XDG_STATE_HOME=/nonexistent"] + sandbox.command(["index", "-q"]))
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(lock): belongs to"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("run as"), "\(outcome.errorText)")
  }

  @Test("does not name a run that was killed", .enabled(if: Tracing.works, "\(Tracing.reason)"))
  func killed() throws {
    let run = try HaltedRun(["index"], after: "fsync", in: sandbox)
    _ = run
    let busy = try sandbox.run(sandbox.command(["clean", "--apply"]))
    #expect(busy.status == 10)
    #expect(busy.errorText.contains("pid \(run.pid)"), "\(busy.errorText)")
    kill(run.pid, SIGKILL)
    _ = try run.resume()
    // Another holds it before it has written its name.
    let holder = try sandbox.start(["flock", lock, "sleep", "300"])
    defer { kill(holder.pid, SIGKILL) }
    var second = try sandbox.run(sandbox.command(["clean", "--apply"]))
    for _ in 0..<100 where second.status != 10 {
      second = try sandbox.run(sandbox.command(["clean", "--apply"]))
    }
    #expect(second.status == 10)
    #expect(!second.errorText.contains("pid \(run.pid)"), "\(second.errorText)")
    _ = try Tool.run("pkill", "-P", "\(holder.pid)")
  }
}
