import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("SIGHUP, SIGINT and SIGTERM", .enabled(if: Tracing.works, "strace cannot trace here"))
struct SignalTests {
  struct Interruption: CustomTestStringConvertible, Sendable {
    let verb: [String]
    let call: String
    let number: Int
    var preparation: [[String]] = []
    var testDescription: String { verb.joined(separator: " ") }
  }

  // Each early enough in its run to leave much work.
  static let interruptions = [
    Interruption(verb: ["digestgen", "--jobs", "1"], call: "fsync", number: 3),
    Interruption(
      verb: ["clean", "--apply", "--keep", "1", "--jobs", "1"], call: "unlinkat", number: 3,
      preparation: [["index"]]),
    Interruption(verb: ["compress"], call: "linkat", number: 1, preparation: [["index"]]),
    Interruption(
      verb: ["index", "--jobs", "1", "--format", "metalink,latest,simplestreams,json,xml"], call: "fsync",
      number: 5, preparation: [["digestgen"]]),
    Interruption(verb: ["upkeep", "--keep", "1", "--jobs", "1"], call: "unlinkat", number: 3),
  ]

  @Test(
    "end a verb between two steps: nothing is partial, and the next run does the rest",
    arguments: interruptions, [SIGHUP, SIGINT, SIGTERM])
  func interrupt(_ interruption: Interruption, _ signal: Int32) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    for step in interruption.preparation {
      try #require(try workspace.run(workspace.command(step)).status == 0)
    }
    try workspace.shell("rm -f mirror/.mirrorctl.lock; cp -a mirror start")
    let before = try Tree(workspace.mirror)
    let undisturbed = try workspace.run(workspace.command(interruption.verb))
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    let after = try Tree(workspace.mirror)
    try workspace.shell("rm -rf mirror state; cp -a start mirror")

    let run = try HaltedRun(
      interruption.verb, after: interruption.call, interruption.number, slowing: "renameat", in: workspace)
    run.signal(signal)
    let outcome = try run.resume()
    #expect(outcome.status == 128 + signal, "\(outcome.errorText)")
    let invariants = MirrorInvariants(before: before, after: after, workspace: workspace)
    let violations = try invariants.violations()
    #expect(violations == [])
    let left = try Tree(workspace.mirror).differences(from: after).filter { $0 != ".mirrorctl.lock differs" }
    #expect(left != [], "it ended before it was interrupted")

    let again = try workspace.run(workspace.command(interruption.verb))
    #expect(again.status == 0, "\(again.errorText)")
    let differences = try Tree(workspace.mirror).differences(from: after)
    #expect(differences.filter { $0 != ".mirrorctl.lock differs" } == [])
  }
}

@Suite("A signal while a large tarball is read")
struct LargeFileSignalTests {
  /// Holes take no space and are read as fast as they are hashed, so each of these takes some time.
  private static let count = 40

  @Test("ends digestgen without a partial sidecar; the next run completes it", arguments: [SIGINT, SIGTERM])
  func interrupt(_ signal: Int32) throws {
    let workspace = try Workspace()
    let version = "mirror/std/x86/gen/2016-01-01"
    try workspace.shell("mkdir -p \(version); printf ok > \(version)/status")
    for number in 1...Self.count {
      try Compressed.writeHole(
        bytes: 100 << 20, to: "\(workspace.path)/\(version)/stage3-\(number).tar.zst")
    }
    let run = try workspace.start(workspace.command(["digestgen", "--jobs", "1"]))
    defer { if run.isRunning { kill(run.pid, SIGKILL) } }
    while run.isRunning, try sidecars(workspace, version).isEmpty { usleep(1000) }
    // It is stopped while it is examined, so that work is left when it notices the signal.
    kill(run.pid, SIGSTOP)
    try #require(try sidecars(workspace, version).count < Self.count / 2)
    kill(run.pid, signal)
    kill(run.pid, SIGCONT)
    let outcome = try run.wait()
    #expect(outcome.status == 128 + signal, "\(outcome.errorText)")

    let digest = try workspace.run(["sha256sum", "\(workspace.path)/\(version)/stage3-1.tar.zst"])
    let line = "sha256 \(digest.text.prefix(64))\n"
    let written = try sidecars(workspace, version)
    #expect(!written.isEmpty && written.count < Self.count)
    for path in written { #expect(try String(contentsOfFile: path, encoding: .utf8) == line) }
    #expect(try workspace.run(["find", workspace.mirror.string, "-name", ".mirrorctl-*"]).text == "")

    #expect(try workspace.mirrorctl("digestgen").status == 0)
    let all = try sidecars(workspace, version)
    #expect(all.count == Self.count)
    for path in all { #expect(try String(contentsOfFile: path, encoding: .utf8) == line) }
  }

  @Test("does not end digestgen if nohup(1) told it to ignore the signal")
  func ignored() throws {
    let workspace = try Workspace()
    let version = "mirror/std/x86/gen/2016-01-01"
    try workspace.shell("mkdir -p \(version); printf ok > \(version)/status")
    for number in 1...3 {
      try Compressed.writeHole(
        bytes: 100 << 20, to: "\(workspace.path)/\(version)/stage3-\(number).tar.zst")
    }
    let run = try workspace.start(
      ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"] + workspace.command(["digestgen", "--jobs", "1"]))
    defer { if run.isRunning { kill(run.pid, SIGKILL) } }
    while run.isRunning, try sidecars(workspace, version).isEmpty { usleep(1000) }
    kill(run.pid, SIGHUP)
    let outcome = try run.wait()
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try sidecars(workspace, version).count == 3)
  }

  private func sidecars(_ workspace: Workspace, _ version: String) throws -> [String] {
    let directory = "\(workspace.path)/\(version)"
    return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".hash.txt") }
      .map { "\(directory)/\($0)" }
  }
}
