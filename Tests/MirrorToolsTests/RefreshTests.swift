import Foundation
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import MirrorModel
@testable import MirrorTools

@Suite("A second scan")
struct RefreshTests {
  private let mirror: TestMirror

  init() throws {
    mirror = try TestMirror().version("std/x86/a/2026-11-01").version("std/x86/a/2026-11-08")
      .version("std/x86/b/2026-11-01").version("cur/x86/a/2026-11-01")
      .file("std/snapshots/portage-2026-11-01.tar.xz", "snapshot")
      .file("std/snapshots/portage-2026-11-08.tar.xz", "snapshot")
  }

  private func scanner() -> MirrorScanner {
    MirrorScanner(root: mirror.root, layout: .metro, kinds: .builtIn, now: 1_795_348_800)
  }

  private func shell(_ script: String) throws {
    #expect(try Tool.run("sh", "-ec", "cd '\(mirror.root)'; \(script)").status == 0)
  }

  private func text(_ mirror: Mirror) -> String {
    var text = ""
    // The directories above change with their entries, but their times are not used.
    dump(mirror.subarches, to: &text)
    dump(mirror.builds.map(\.snapshots), to: &text)
    dump(mirror.problems, to: &text)
    return text
  }

  /// Changes the mirror, and compares the second scan with a complete one.
  private func compare(_ places: Set<MirrorPath>, after change: () throws -> Void) throws {
    let before = try scanner().scan()
    try change()
    let refreshed = try #require(try scanner().refresh(places, of: before))
    let whole = try scanner().scan()
    #expect(text(refreshed) == text(whole))
    #expect(text(refreshed) != text(before))
  }

  @Test("equals a complete scan")
  func same() throws {
    try compare(["std/x86/a", "std/snapshots"]) {
      try shell("rm -r std/x86/a/2026-11-01 std/snapshots/*-01.tar.xz")
      try mirror.file("std/x86/a/2026-11-15/stage3-a-std-2026-11-15.tar.xz", "new").file(
        "std/x86/a/.control/.failcount", "2")
    }
    try compare(["cur/x86/a"]) { try shell("rm -r cur/x86/a") }
  }

  @Test("has the current faults, not the former ones")
  func faults() throws {
    try mirror.file("std/x86/a/.control", "no directory").file("std/x86/b/.control", "no directory")
    try compare(["std/x86/a"]) { try shell("rm std/x86/a/.control") }
  }

  @Test("is not enough if a place was removed or is new")
  func unknown() throws {
    let before = try scanner().scan()
    #expect(try scanner().refresh(["std/x86/c"], of: before) == nil)
    #expect(try scanner().refresh(["std"], of: before) == nil)
  }

  @Test("covers recorded changes: a run finds them, and nothing else changed")
  func run() throws {
    let environment = RunEnvironment(stateDirectory: "/nonexistent")
    let run = try MirrorRun(reading: mirror.root, MirrorConfiguration(), environment)
    #expect(try run.scan().subarches.map(\.versions.count) == [1, 2, 1])
    try mirror.version("std/x86/b/2026-11-08").version("cur/x86/a/2026-11-08")
    #expect(try run.scan().subarches.map(\.versions.count) == [1, 2, 1])
    run.noteChanges(at: ["std/x86/b/2026-11-08/stage3-b-std-2026-11-08.tar.xz.hash.txt"])
    #expect(try run.scan().subarches.map(\.versions.count) == [1, 2, 2])
    run.noteChanges()
    #expect(try run.scan().subarches.map(\.versions.count) == [2, 2, 2])
  }

  /// A run that writes, with a catalog of its own.
  private func write(_ workspace: Workspace) throws -> MirrorRun {
    try MirrorRun(
      writing: mirror.root, MirrorConfiguration(), RunEnvironment(stateDirectory: workspace.state), as: "test"
    )
  }

  private func versions(of subarch: MirrorPath, _ run: MirrorRun) throws -> [Version] {
    try #require(try run.scan().subarches.first { $0.path == subarch }).versions
  }

  @Test(
    "does not contain a version whose removal failed halfway",
    .enabled(if: geteuid() == 0, "only root may make a file immutable"))
  func halfRemoved() throws {
    try mirror.file("std/x86/a/2026-11-01/fixed", "x")
    try shell("chattr +i std/x86/a/2026-11-01/fixed")
    defer { _ = try? shell("find . -name fixed -exec chattr -i {} +") }
    let workspace = try Workspace()
    let run = try write(workspace)
    var policy = RetentionPolicy()
    policy.keep = 1
    let clean = CleanRun(run, policy)
    let report = try clean.apply(clean.plan())
    #expect(report.problems.count == 1)
    #expect(!report.removed.contains { $0.path == "std/x86/a/2026-11-01" })
    #expect(try versions(of: "std/x86/a", run).map(\.path) == ["std/x86/a/2026-11-08"])
  }

  @Test("knows that a tarball is damaged as soon as digestgen found it, even if it did nothing else")
  func damaged() throws {
    let workspace = try Workspace()
    do {
      let digestgen = DigestgenRun(try write(workspace))
      _ = try digestgen.apply(digestgen.plan())
    }
    try mirror.version("std/x86/b/2026-11-08")
      .file("std/x86/b/2026-11-08/stage3-b-std-2026-11-08.tar.xz", Data("an error page".utf8))
    let run = try write(workspace)
    #expect(try versions(of: "std/x86/b", run).map(\.isComplete) == [true, true])
    let digestgen = DigestgenRun(run)
    let report = try digestgen.apply(digestgen.plan())
    #expect(report.actions.isEmpty && report.problems.count == 1)
    #expect(try versions(of: "std/x86/b", run).map(\.isComplete) == [true, false])
  }
}
