import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// An unprivileged user, who owns the mirrors of these tests.
enum Owner {
  static let command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  static let works: Bool = {
    guard geteuid() == 0, let workspace = try? Workspace() else { return false }
    return (try? workspace.run(command + [Program.path.string, "--version"]).status) == 0
  }()
}

@Suite(
  "The lock file of a mirror",
  .enabled(if: Owner.works, "needs setpriv, root and a mirrorctl that all users can run"))
struct LockFileTests {
  private let workspace: Workspace
  private var lock: String { "\(workspace.mirror)/.mirrorctl.lock" }

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("mkdir state; chown -R 65534:65534 mirror state")
  }

  private func expectTidy() throws {
    #expect(try workspace.shell("stat -c '%u %g %a %s' '\(lock)'").text == "65534 65534 600 0\n")
  }

  @Test("is accessible only to the mirror's owner, whoever ran, and names no process after a run")
  func owner() throws {
    for command in [[], Owner.command, []] {
      let outcome = try workspace.run(command + workspace.command(["index", "-q"]))
      #expect(outcome.status == 0, "\(outcome.errorText)")
      try workspace.shell("chown -R 65534:65534 state")
      try expectTidy()
    }
  }

  @Test("of an older version is made private by the next run")
  func old() throws {
    try workspace.shell("umask 022; echo '1 elsewhere upkeep' > '\(lock)'; chmod 644 '\(lock)'")
    #expect(try workspace.run(workspace.command(["index", "-q"])).status == 0)
    try expectTidy()
  }

  private static let stranger = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]

  @Test("that another user cannot make is not free for that user")
  func doctor() throws {
    let outcome = try workspace.run(Self.stranger + workspace.command(["doctor"]))
    #expect(!outcome.text.contains("ok: lock"), "\(outcome.text)")
    let fault = "missing: \(workspace.mirror): cannot write: Permission denied: run as the mirror's owner"
    #expect(outcome.text.contains(fault), "\(outcome.text)")
    #expect(try workspace.run(Owner.command + workspace.command(["doctor"])).text.contains("ok: lock: free"))
  }

  @Test("cannot be held by another user; the error names the owner")
  func others() throws {
    _ = try workspace.run(workspace.command(["index", "-q"]))
    let held = try workspace.run(Self.stranger + ["flock", "--nonblock", lock, "true"])
    #expect(held.status != 0)
    let outcome = try workspace.run(
      Self.stranger + ["env", "XDG_STATE_HOME=/nonexistent"] + workspace.command(["index", "-q"]))
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(lock): belongs to"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("run as"), "\(outcome.errorText)")
  }

  @Test("does not name a run that was killed", .enabled(if: Tracing.works, "\(Tracing.reason)"))
  func killed() throws {
    let run = try HaltedRun(["index"], after: "fsync", in: workspace)
    _ = run
    let busy = try workspace.run(workspace.command(["clean", "--apply"]))
    #expect(busy.status == 10)
    #expect(busy.errorText.contains("pid \(run.pid)"), "\(busy.errorText)")
    kill(run.pid, SIGKILL)
    _ = try run.resume()
    // Another process holds it but has not written its ID yet.
    let holder = try workspace.start(["flock", lock, "sleep", "300"])
    defer { kill(holder.pid, SIGKILL) }
    var second = try workspace.run(workspace.command(["clean", "--apply"]))
    for _ in 0..<100 where second.status != 10 {
      second = try workspace.run(workspace.command(["clean", "--apply"]))
    }
    #expect(second.status == 10)
    #expect(!second.errorText.contains("pid \(run.pid)"), "\(second.errorText)")
    _ = try Tool.run("pkill", "-P", "\(holder.pid)")
  }
}
