import Foundation
import SystemPackage
import TestSupport
import Testing

/// A verb that writes, and how it is brought to write all that it can.
struct WritingVerb: CustomTestStringConvertible, Sendable {
  let name: String
  let arguments: [String]
  /// Verbs that ran before it.
  var preparation: [[String]] = []
  /// Whether it is another program that uses the libraries.
  var isClient = false
  /// Calls that it is known to make: if it made none of them, nothing would be tested.
  let calls: Set<String>

  var testDescription: String { name }

  func command(in workspace: Workspace) -> [String] {
    isClient
      ? [Program.client.string] + arguments + [workspace.mirror.string, "\(workspace.state)/mirrorctl"]
      : workspace.command(arguments)
  }

  // One thread: strace counts by thread, and the calls must come in the same order every time. Quiet: what is
  // printed changes nothing in the mirror.
  static let all = [
    WritingVerb(
      name: "digestgen", arguments: ["digestgen", "--jobs", "1", "--quiet"], preparation: [["index"]],
      calls: ["write", "fsync", "renameat", "unlinkat", "symlinkat", "pwrite64"]),
    WritingVerb(
      name: "digestgen in every format",
      arguments: [
        "digestgen", "--jobs", "1", "--quiet", "--format", "hash.txt,sums,bsd,digests,manifest",
        "--algorithm", "sha256,sha512,blake2b",
      ], calls: ["write", "fsync", "renameat", "unlinkat", "symlinkat"]),
    WritingVerb(
      name: "the first index", arguments: ["index", "--quiet"], calls: ["write", "fsync", "renameat"]),
    WritingVerb(
      name: "index", arguments: ["index", "--quiet"], preparation: [["index"], ["digestgen"]],
      calls: ["write", "fsync", "renameat"]),
    WritingVerb(
      name: "index in every format",
      arguments: [
        "index", "--quiet", "--jobs", "1", "--format", "metalink,latest,simplestreams,json,xml,html",
      ], preparation: [["digestgen"], ["index"]],
      calls: ["write", "fsync", "renameat", "symlinkat", "mkdirat"]),
    WritingVerb(
      name: "clean", arguments: ["clean", "--apply", "--keep", "1", "--quiet"],
      preparation: [
        ["digestgen", "--format", "hash.txt,sums"],
        ["index", "--format", "metalink,latest,simplestreams,json,xml"],
      ],
      calls: ["write", "fsync", "renameat", "unlinkat"]),
    WritingVerb(
      name: "CleanRun of another program", arguments: ["clean"],
      preparation: [
        ["digestgen", "--format", "hash.txt,sums"],
        ["index", "--format", "metalink,latest,simplestreams,json,xml"],
      ], isClient: true, calls: ["fsync", "renameat", "unlinkat"]),
    WritingVerb(
      name: "compress", arguments: ["compress", "--jobs", "1", "--quiet"], preparation: [["index"]],
      calls: ["write", "fsync", "renameat", "linkat", "unlinkat"]),
    WritingVerb(
      name: "upkeep", arguments: ["upkeep", "--keep", "1", "--jobs", "1", "--quiet"],
      preparation: [["index"]], calls: ["write", "fsync", "renameat", "linkat", "unlinkat", "symlinkat"]),
  ]
}

/// Before which of its calls a run is killed.
enum KillPoints {
  /// What changes a disk. A kill before a call is a kill after the one before it, so that the creation of a file
  /// (`openat2`, of which most calls only read) is covered by what follows it.
  static let calls = [
    "write", "writev", "pwrite64", "pwritev", "copy_file_range", "sendfile", "ftruncate", "fallocate",
    "fsync",
    "fdatasync", "sync_file_range", "fchmod", "fchmodat", "fchown", "fchownat", "utimensat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mkdir",
    "mkdirat",
    "rmdir",
  ]

  /// What changes names or durable content; the others only touch temporary files and the catalog.
  static let visible: Set<String> = [
    "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat", "symlinkat", "unlink", "unlinkat",
  ]

  /// Every one in a soak (`MIRRORCTL_SOAK=full`), otherwise a few of each call, the first and the last among them.
  static func sample(of count: Int, _ call: String) -> [Int] {
    let most = visible.contains(call) ? 6 : 2
    guard ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] != "full", count > most else {
      return Array(1...count)
    }
    return (0..<most).map { 1 + $0 * (count - 1) / (most - 1) }
  }
}

@Suite("A run killed before any of its system calls", .enabled(if: Tracing.works, "strace cannot trace here"))
struct FaultKillTests {
  @Test("leaves nothing half-done, and the next run completes it", arguments: WritingVerb.all)
  func kill(_ verb: WritingVerb) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    for step in verb.preparation { try #require(try workspace.run(workspace.command(step)).status == 0) }
    try workspace.shell("cp -a mirror start; rm mirror/.mirrorctl.lock || true")
    let before = try Tree(workspace.mirror)

    try restore(workspace)
    let log = workspace.path.appending("log").string
    let undisturbed = try workspace.run(
      Tracing.arguments(trace: KillPoints.calls, log: log) + verb.command(in: workspace))
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    let after = try Tree(workspace.mirror)
    #expect(after.differences(from: before).contains { $0 != ".mirrorctl.lock is too many" })
    #expect(MirrorInvariants.leftovers(in: after) == [])
    let invariants = MirrorInvariants(before: before, after: after, workspace: workspace)
    let disturbed = try invariants.violations()
    #expect(disturbed == [])

    let counts = try Tracing.counts(log: log)
    #expect(verb.calls.isSubset(of: counts.keys), "it makes other calls than it is tested for: \(counts)")
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) {
      for number in KillPoints.sample(of: count, call) {
        try restore(workspace)
        let killed = try run(verb, workspace, killedBefore: call, number)
        // How many pages the catalog writes varies with what it records: inodes, times.
        let hasEnded = killed.status == 0 && !KillPoints.visible.contains(call)
        #expect(killed.status == 137 || hasEnded, "\(call) \(number) of \(count)")
        let violations = try invariants.violations()
        #expect(violations == [], "killed before \(call) \(number) of \(count)")
        let again = try workspace.run(verb.command(in: workspace))
        #expect(again.status == 0, "after \(call) \(number): \(again.errorText)")
        #expect(try Self.differences(of: workspace, from: after) == [], "after \(call) \(number)")
      }
      guard KillPoints.visible.contains(call) else { continue }
      // There are no more calls than were counted, or some would go untested.
      try restore(workspace)
      #expect(try run(verb, workspace, killedBefore: call, count + 1).status == 0, "\(call) \(count + 1)")
    }
  }

  /// How the mirror differs from an undisturbed run's, but for who held its lock.
  ///
  /// A `.multi_progress` of a dead process counts for nothing and goes when somebody takes it, not before.
  private static func differences(of workspace: Workspace, from after: Tree) throws -> [String] {
    try Tree(workspace.mirror).differences(from: after).filter {
      $0 != ".mirrorctl.lock differs" && !$0.hasSuffix("/.control/.multi_progress is too many")
    }
  }

  /// The mirror as it was; the catalog lies where it did, empty, and knows other inodes than these anyway.
  private func restore(_ workspace: Workspace) throws {
    try workspace.shell("rm -rf mirror state; cp -a start mirror; rm -f mirror/.mirrorctl.lock")
  }

  private func run(
    _ verb: WritingVerb, _ workspace: Workspace, killedBefore call: String, _ number: Int
  ) throws -> Outcome {
    try workspace.run(
      Tracing.arguments(trace: [call], inject: "\(call):signal=KILL:when=\(number)")
        + verb.command(in: workspace))
  }
}

@Suite("Kill points")
struct KillPointTests {
  @Test("are spread over a run, its first and last call among them")
  func sample() {
    #expect(KillPoints.sample(of: 1, "fsync") == [1])
    let many = KillPoints.sample(of: 1000, "fsync")
    #expect(many.first == 1)
    #expect(many.last == 1000)
    #expect(Set(many).count == many.count)
  }
}
