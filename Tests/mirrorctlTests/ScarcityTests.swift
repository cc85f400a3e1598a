import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A run that can create no thread", .enabled(if: Tracing.works, "strace cannot trace here"))
struct ThreadlessTests {
  private let workspace: Workspace
  private let before: Tree

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("cp -a mirror start")
    before = try Tree(workspace.mirror)
  }

  /// Runs a verb that gets only the first threads, in a fresh copy of the mirror.
  private func run(_ verb: [String], threads: Int) throws -> Outcome {
    try workspace.shell("rm -rf mirror state; cp -a start mirror")
    return try workspace.run(
      Tracing.arguments(trace: ["clone3"], inject: "clone3:error=EAGAIN:when=\(threads + 1)+")
        + workspace.command(verb))
  }

  @Test(
    "does the same work on the threads that it has, and ends",
    arguments: [
      ["digestgen"], ["index", "--format", "latest,simplestreams,json,xml,html"], ["verify", "-q"],
      ["clean", "--apply", "--keep", "1"], ["status"],
    ])
  func verbs(_ verb: [String]) throws {
    try workspace.shell("rm -rf state")
    let expected = try workspace.run(workspace.command(verb))
    let after = try Tree(workspace.mirror)
    // With one thread, signals are received on it; with none, not even that is left.
    for threads in 0...1 {
      let outcome = try run(verb, threads: threads)
      #expect(outcome.status == expected.status, "\(threads): \(outcome.errorText)")
      let differences = try Tree(workspace.mirror).differences(from: after)
      #expect(differences.filter { $0 != ".mirrorctl.lock differs" } == [], "\(threads)")
    }
  }

  @Test("keeps a tarball that cannot be compressed without threads, and says what to do")
  func compress() throws {
    for threads in 0...1 {
      let outcome = try run(["compress"], threads: threads)
      #expect([1, 3].contains(outcome.status), "\(outcome.errorText)")
      #expect(outcome.errorText.contains("ulimit -u"), "\(outcome.errorText)")
      let differences = try Tree(workspace.mirror).differences(from: before)
      #expect(differences.filter { !$0.contains(".mirrorctl.lock") } == [])
    }
  }
}

@Suite("A run that may open few files") struct DescriptorTests {
  @Test("is refused if no run could end well", arguments: [4, 5, 8, 32])
  func few(_ count: Int) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    let before = try Tree(workspace.mirror)
    for verb in [["digestgen"], ["index"], ["upkeep", "--keep", "1"], ["status"]] {
      let outcome = try workspace.run(["prlimit", "--nofile=\(count)"] + workspace.command(verb))
      #expect(outcome.status == 1, "\(outcome.errorText)")
      #expect(outcome.errorText.contains("ulimit -n"), "\(outcome.errorText)")
    }
    #expect(try Tree(workspace.mirror).differences(from: before) == [])
  }

  @Test("does all of its work with 64")
  func enough() throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    for verb in [["upkeep", "--keep", "1"], ["digestgen"], ["index"], ["verify", "-q"]] {
      let outcome = try workspace.run(["prlimit", "--nofile=64"] + workspace.command(verb))
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
  }
}

@Suite("A run whose files may not grow (ulimit -f)") struct FileSizeTests {
  @Test("reports it like a full disk, and leaves nothing partial", arguments: [0, 100, 4096])
  func limit(_ bytes: Int) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    #expect(try workspace.mirrorctl("index").status == 0)
    // The program prints to files as well.
    let verb = workspace.command(["index", "--format", "json,html"]).map { "'\($0)'" }.joined(separator: " ")
    let outcome = try workspace.run(
      ["sh", "-c", "(prlimit --fsize=\(bytes) \(verb); echo status $?) 2>&1 | cat"])
    // Some of the files may be small enough.
    #expect(outcome.text.contains(/status [13]\n/), "\(outcome.text)")
    #expect(outcome.text.contains("File too large"), "\(outcome.text)")
    #expect(MirrorInvariants.leftovers(in: try Tree(workspace.mirror)) == [])
  }
}
