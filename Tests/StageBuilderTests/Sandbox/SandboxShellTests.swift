import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite(
  "A shell in a root", .waiting,
  .enabled(if: Host.isRoot && Tool.exists("script"), "needs root and script(1)"))
struct RootShellTests {
  /// Types lines on its own terminal; returns the terminal's output and the exit status.
  private func type(_ lines: String, in root: SandboxRoot) throws -> Outcome {
    let plan = root.plan("") {
      $0.interactive = true
      $0.environment["TERM"] = "dumb"
    }
    let command = try root.command(plan).joined(separator: " ")
    // The lines are typed one after the other, as by hand.
    let typing =
      "(sleep 1; printf '%s' '\(lines)' | while IFS= read -r line; do echo \"$line\"; sleep 0.2; done)"
    return try root.directory.run(["sh", "-c", "\(typing) | script -qec '\(command)' /dev/null"])
  }

  @Test("has the terminal, and returns its exit status")
  func terminalGivesExit() throws {
    let root = try SandboxRoot()
    let outcome = try type("tty > /answer; echo $$ >> /answer; exit 7\n", in: root)
    #expect(outcome.status == 7, "\(outcome.text)")
    #expect(try root.directory.shell("cat root/answer").text == "/dev/console\n2\n")
  }

  @Test(
    "is sh if bash cannot run",
    arguments: [
      "printf '#!/no/such/loader\\n' > bin/bash; chmod 755", ": > bin/bash; chmod 644",
      "printf x > bin/bash; chmod 755",
    ])
  func fallback(harm: String) throws {
    let root = try SandboxRoot()
    try root.directory.shell("cd root; \(harm) bin/bash")
    let outcome = try type("exit 5\n", in: root)
    #expect(outcome.status == 5, "\(outcome.text)")
  }

  @Test("is in the foreground: ^C ends its command, but neither the shell nor mirrorctl")
  func standsFrontC() throws {
    let root = try SandboxRoot()
    let outcome = try type("sleep 600\n\u{3}\ntouch /still; exit 3\n", in: root)
    #expect(outcome.status == 3, "\(outcome.text)")
    #expect(access(root.path.appending("still").string, F_OK) == 0)
  }
}
