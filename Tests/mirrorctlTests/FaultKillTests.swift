import Foundation
import SystemPackage
import TestSupport
import Testing

/// A verb that writes, and the setup that makes it write every kind of file.
struct WritingVerb: CustomTestStringConvertible, Sendable {
  let name: String
  let arguments: [String]
  /// Verbs to run before it.
  var preparation: [[String]] = []
  /// Shell commands run in the mirror before that.
  var setup = ""
  /// Whether it may remove files of versions that no other verb removes: metalinks.
  var removesMetalinks = false
  /// Whether it is a client program of the libraries.
  var isClient = false
  /// Calls that it must make; otherwise the test would check nothing.
  let calls: Set<String>

  var testDescription: String { name }

  func command(in workspace: Workspace) -> [String] {
    isClient
      ? [Program.client.string] + arguments + [workspace.mirror.string, "\(workspace.state)/mirrorctl"]
      : workspace.command(arguments)
  }

  // One thread: strace counts per thread, and the order of calls must not vary. Quiet: printing changes
  // nothing in the mirror.
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
      name: "clean", arguments: ["clean", "--apply", "--keep", "1", "--jobs", "1", "--quiet"],
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
    WritingVerb(
      name: "withdraw --delete",
      arguments: ["withdraw", newest, "--reason", "broken", "--delete", "--jobs", "1", "--quiet"],
      preparation: [["digestgen"], ["index", "--format", formats]], removesMetalinks: true,
      calls: ["write", "fsync", "renameat", "unlinkat", "symlinkat"]),
    WritingVerb(
      name: "restore", arguments: ["restore", newest, "--jobs", "1", "--quiet"],
      preparation: [
        ["digestgen"], ["index", "--format", formats], ["withdraw", newest, "--reason", "broken"],
      ], removesMetalinks: true, calls: ["write", "fsync", "renameat", "unlinkat", "symlinkat"]),
    WritingVerb(
      name: "promote", arguments: ["promote", newest, "--jobs", "1", "--quiet"],
      preparation: [["index", "--format", formats]],
      setup: "printf 'Record: stage3\\n' > \(newest)/CANDIDATE", removesMetalinks: true,
      calls: ["write", "fsync", "renameat", "unlinkat", "symlinkat"]),
  ]

  /// The newest version of a subarch with links and records.
  private static let newest = "1.4-release-std/x86-64bit/generic_64/2016-11-17"
  private static let formats = "metalink,latest,simplestreams,json,xml"
}

/// The system calls before which a run is killed.
enum KillPoints {
  /// Calls that change a disk. A kill before a call is also a kill after the previous one; this covers the
  /// creation of files by `openat2`, most calls of which only read.
  static let calls = [
    "write", "writev", "pwrite64", "pwritev", "copy_file_range", "sendfile", "ftruncate", "fallocate",
    "fsync",
    "fdatasync", "sync_file_range", "fchmod", "fchmodat", "fchown", "fchownat", "utimensat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mkdir",
    "mkdirat",
    "rmdir",
  ]

  /// Calls that change names or durable content; the others only affect temporary files and the catalog.
  static let visible: Set<String> = [
    "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat", "symlinkat", "unlink", "unlinkat",
  ]

  /// All of them in a soak (`MIRRORCTL_SOAK=full`), otherwise a few per call, including first and last.
  static func sample(of count: Int, _ call: String) -> [Int] {
    sample(of: count, most: visible.contains(call) ? 4 : 2)
  }

  /// All of them in a soak, otherwise this many, including first and last; of one, the middle one.
  static func sample(of count: Int, most: Int) -> [Int] {
    guard !Soak.isFull, count > most else {
      return Array(1...count)
    }
    if most == 1 { return [(count + 1) / 2] }
    return (0..<most).map { 1 + $0 * (count - 1) / (most - 1) }
  }
}

@Suite("A run killed before any of its system calls", .enabled(if: Tracing.works, "strace cannot trace here"))
struct FaultKillTests {
  @Test("leaves nothing partial, and the next run completes the work", arguments: WritingVerb.all)
  func kill(_ verb: WritingVerb) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("cd mirror; :; \(verb.setup)")
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
    var invariants = MirrorInvariants(before: before, after: after, workspace: workspace)
    if verb.removesMetalinks { invariants.survivors = [] }
    let disturbed = try invariants.violations()
    #expect(disturbed == [])

    let counts = try Tracing.counts(log: log)
    #expect(verb.calls.isSubset(of: counts.keys), "it makes other calls than it is tested for: \(counts)")
    for (call, count) in counts.sorted(by: { $0.key < $1.key }) {
      for number in KillPoints.sample(of: count, call) {
        try restore(workspace)
        let killed = try run(verb, workspace, killedBefore: call, number)
        // The number of pages that the catalog writes depends on inodes and times.
        let hasEnded = killed.status == 0 && !KillPoints.visible.contains(call)
        #expect(killed.status == 137 || hasEnded, "\(call) \(number) of \(count)")
        let violations = try invariants.violations()
        #expect(violations == [], "killed before \(call) \(number) of \(count)")
        let again = try workspace.run(verb.command(in: workspace))
        #expect(again.status == 0, "after \(call) \(number): \(again.errorText)")
        #expect(try Self.differences(of: workspace, from: after) == [], "after \(call) \(number)")
      }
      guard KillPoints.visible.contains(call) else { continue }
      // No more calls exist than were counted; otherwise some would not be tested.
      try restore(workspace)
      #expect(try run(verb, workspace, killedBefore: call, count + 1).status == 0, "\(call) \(count + 1)")
    }
  }

  /// The differences between the mirror and that of an undisturbed run, apart from the holder of its lock.
  ///
  /// A `.multi_progress` of a dead process has no effect and is deleted only when another process takes it.
  private static func differences(of workspace: Workspace, from after: Tree) throws -> [String] {
    try Tree(workspace.mirror).differences(from: after).filter {
      $0 != ".mirrorctl.lock differs" && !$0.hasSuffix("/.control/.multi_progress is too many")
    }
  }

  /// Restores the mirror; the catalog is emptied, since the inodes differ anyway.
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
  @Test("are spread over a run, including its first and last call")
  func sample() {
    #expect(KillPoints.sample(of: 1, "fsync") == [1])
    let many = KillPoints.sample(of: 1000, "fsync")
    #expect(many.first == 1)
    #expect(many.last == 1000)
    #expect(Set(many).count == many.count)
  }
}
