import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// `verify` while other runs remove files that it is about to read.
@Suite("Verify beside a run that removes files", .enabled(if: Tracing.works, "\(Tracing.reason)"))
struct VanishingTests {
  private let workspace: Workspace
  private static let subarch = "std/x86-64bit/gen"

  init() throws {
    workspace = try Workspace()
    for day in ["2016-11-03", "2016-11-10", "2016-11-17"] {
      let version = "mirror/\(Self.subarch)/\(day)"
      try workspace.shell(
        """
        mkdir -p \(version); echo ok > \(version)/status
        head -c 1000000 /dev/urandom | xz -0 > \(version)/stage3-gen-std-\(day).tar.xz
        touch -d '\(day) 10:00 UTC' \(version)/*
        """)
    }
    _ = try workspace.mirrorctl("digestgen", "-q", "--format", "sums,digests")
  }

  /// Runs `verify`, stopped at a call while a script runs.
  private func verify(haltedAt call: String, during script: String) throws -> Outcome {
    let log = workspace.path.appending("trace").string
    let tracer = try workspace.start(
      ["strace", "-f", "-qq", "-o", log, "-e", "trace=\(call)", "-e", "inject=\(call):signal=STOP:when=1"]
        + workspace.command(["verify", "--jobs", "1"]))
    defer { kill(tracer.pid, SIGKILL) }
    for _ in 0..<3000 where tracer.isRunning {
      if (try? String(contentsOfFile: log, encoding: .isoLatin1))?.contains("stopped by SIGSTOP") == true {
        break
      }
      usleep(10_000)
    }
    let children = try String(
      contentsOfFile: "/proc/\(tracer.pid)/task/\(tracer.pid)/children", encoding: .utf8)
    let pid = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    try workspace.shell(script)
    while tracer.isRunning {
      kill(pid, SIGCONT)
      usleep(10_000)
    }
    return try tracer.wait()
  }

  @Test(
    "reports nothing for versions that clean removed, whether open or not", arguments: ["fadvise64"])
  func clean(call: String) throws {
    let outcome = try verify(
      haltedAt: call, during: "'\(Program.path)' clean --apply --keep 1 -q --mirror mirror")
    #expect(try workspace.shell("ls mirror/\(Self.subarch)").text == "2016-11-17\n")
    #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
    #expect(outcome.errorText == "")
    #expect(outcome.text.contains("1 ok"), "\(outcome.text)")
  }

  @Test("still reports a replaced file and an unreadable one")
  func replaced() throws {
    let path = "mirror/\(Self.subarch)/2016-11-03/stage3-gen-std-2016-11-03.tar.xz"
    let outcome = try verify(haltedAt: "fadvise64", during: "echo new > x; mv x \(path)")
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("changed during hashing"), "\(outcome.errorText)")
  }
}
