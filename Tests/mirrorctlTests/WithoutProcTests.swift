import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Runs in which `/proc` is an empty directory.
private enum WithoutProc {
  static func command(_ command: [String], in workspace: Workspace) -> [String] {
    ["unshare", "-m", "sh", "-c", "mount --bind \(workspace.path)/empty /proc; exec \"$@\"", "sh"] + command
  }

  static let works: Bool = {
    guard geteuid() == 0, let workspace = try? Workspace(), (try? workspace.shell("mkdir empty")) != nil
    else {
      return false
    }
    return (try? workspace.run(command(["test", "!", "-e", "/proc/self"], in: workspace)).status) == 0
  }()
}

@Suite("Without /proc", .enabled(if: WithoutProc.works, "needs root and mount namespaces"))
struct WithoutProcTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("mkdir empty")
  }

  private func run(_ arguments: [String]) throws -> Outcome {
    try workspace.run(WithoutProc.command(workspace.command(arguments), in: workspace))
  }

  @Test(
    "a verb works as with it",
    arguments: [
      ["status"], ["nextbuild"], ["index", "--output", "-"], ["digestgen"], ["verify", "--quiet"],
    ])
  func verbs(_ verb: [String]) throws {
    let other = try Workspace()
    try FaultMirror.make("mirror", in: other)
    let expected = try other.run(other.command(verb))
    let outcome = try run(verb)
    #expect(outcome.status == expected.status, "\(outcome.errorText)")
    // Several threads print in any order.
    func lines(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }
    #expect(lines(outcome.text) == lines(expected.text.replacing("\(other.path)", with: "\(workspace.path)")))
  }

  @Test("a wrong option is an error, and doctor still works")
  func usage() throws {
    #expect(try run(["status", "--nonsense"]).status == 64)
    let doctor = try run(["doctor", "--builds"])
    #expect(doctor.text.contains("user: builds run as root"), "\(doctor.text)")
  }

  @Test("clean and its script remove nothing, since mounts cannot be listed")
  func clean() throws {
    let script = try workspace.run(workspace.command(["clean", "--keep", "1"])).output
    let before = try Tree(workspace.mirror)
    let outcome = try run(["clean", "--apply", "--keep", "1"])
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("mount /proc"), "\(outcome.errorText)")
    try Data(script).write(to: URL(fileURLWithPath: "\(workspace.path)/script"))
    let ran = try workspace.run(WithoutProc.command(["sh", "\(workspace.path)/script"], in: workspace))
    #expect(ran.errorText.contains("not removed"), "\(ran.errorText)")
    let left = try Tree(workspace.mirror)
    for version in FaultMirror.doomed where !version.contains("snapshots") {
      #expect(left.nodes[version] == .directory, "\(version)")
    }
    _ = before
  }

  @Test("a lock of a living process does not count as stale")
  func locks() throws {
    let sleeper = try workspace.start(["sleep", "300"])
    defer { kill(sleeper.pid, SIGKILL) }
    let control = "mirror/1.4-release-std/x86-64bit/generic_64/.control"
    try workspace.shell("echo \(sleeper.pid) > \(control)/.multi_progress")
    let status = try run(["status", "--json"])
    #expect(status.status == 0, "\(status.errorText)")
    #expect(status.text.contains("\"inProgress\" : true"))
  }
}

@Suite("A program without a name or arguments") struct EmptyArgumentsTests {
  @Test("is a usage error, not a call for help")
  func empty() throws {
    let workspace = try Workspace()
    // The kernel replaces an empty argument vector by this.
    let outcome = try workspace.run(["bash", "-c", "exec -a '' '\(Program.path)'"])
    #expect(outcome.status == 64)
    #expect(outcome.output == [])
    #expect(outcome.errorText.contains("argument"), "\(outcome.errorText)")
  }
}
