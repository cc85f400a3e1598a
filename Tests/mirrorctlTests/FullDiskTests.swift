import MirrorModel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A small file system, mounted on a directory of a workspace and unmounted with this value.
private final class SmallDisk {
  let path: FilePath

  /// Whether it can be mounted here.
  static let works: Bool = {
    guard geteuid() == 0, let workspace = try? Workspace(), let disk = try? SmallDisk(workspace.mirror) else {
      return false
    }
    return (try? workspace.run(["mountpoint", "-q", disk.path.string]).status) == 0
  }()

  static let reason = "mounting a tmpfs needs root and kernel support"

  init(_ path: FilePath, inodes: Int = 2000) throws {
    self.path = path
    let options = "size=2m,mode=0755,nr_inodes=\(inodes)"
    let (status, output) = try Tool.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path.string)
    guard status == 0 else { throw MountFailure(message: output) }
  }

  deinit { _ = try? Tool.run("umount", "--lazy", path.string) }

  /// Fills it to the last byte.
  func fill() throws { _ = try Tool.run("sh", "-c", "cat /dev/zero > '\(path)/filler' 2>/dev/null || true") }

  /// Uses up all inodes.
  func fillInodes() throws {
    _ = try Tool.run(
      "sh", "-c",
      "mkdir '\(path)/.filler'; i=0; while : > '\(path)/.filler/'$i; do i=$((i+1)); done 2>/dev/null || true"
    )
  }

  struct MountFailure: Error { let message: String }
}

@Suite("A full disk", .enabled(if: SmallDisk.works, "\(SmallDisk.reason)"))
struct FullDiskTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("start", in: workspace)
  }

  @Test(
    "stops a verb, which reports the file that could not be written; the next run completes the work",
    arguments: [
      ["digestgen"], ["digestgen", "--format", "digests"], ["index"],
      ["index", "--format", "latest,simplestreams"],
      ["compress"],
    ])
  func noSpace(_ verb: [String]) throws { try expectPatience(verb, { try $0.fill() }, "rm mirror/filler") }

  @Test(
    "stops a verb without free inodes as without free bytes",
    arguments: [["digestgen"], ["index"]])
  func noInode(_ verb: [String]) throws {
    try expectPatience(verb, { try $0.fillInodes() }, "rm -r mirror/.filler")
  }

  /// Checks that a verb fails on a full disk without damage, and completes once there is space.
  private func expectPatience(
    _ verb: [String], _ fill: (SmallDisk) throws -> Void, _ makeRoom: String
  ) throws {
    let (disk, after) = try prepare(undisturbed: verb)
    try fill(disk)
    let before = try Tree(workspace.mirror)
    let failed = try workspace.run(workspace.command(verb))
    expectFailure(failed)
    try expectUntouched(from: before, after)
    try workspace.shell(makeRoom)
    try expectCompletion(verb, after)
  }

  /// Runs the program: a child of another test could keep a deleted file open, and so its space.
  @Test(
    "keeps a tarball that cannot be compressed; the others are compressed", arguments: Compression.allCases)
  func compress(_ compression: Compression) throws {
    let version = workspace.mirror.appending("std/x86/gen/2016-01-01")
    try workspace.shell("mkdir -p '\(version)'")
    let disk = try SmallDisk(version)
    let name = "stage3-gen-std-2016-01-01.tar"
    try workspace.shell(
      """
      cd '\(disk.path)'; echo ok > status; echo small > z.tar
      head -c 1200000 /dev/urandom > \(name); touch \(name).cme z.tar.cme
      """)
    let outcome = try workspace.mirrorctl(
      "compress", "--jobs", "1", "--compression", compression.rawValue, "--compression-level", "1")
    #expect(outcome.status == 3)
    let problems = outcome.errorText.split(separator: "\n")
    #expect(problems.count == 1 && outcome.errorText.contains("\(disk.path)/\(name): "), "\(problems)")
    #expect(outcome.errorText.contains("No space left"), "\(problems)")
    let names = try workspace.shell("ls -A '\(disk.path)'").text.split(separator: "\n").map(String.init)
    #expect(names == [name, "\(name).cme", "status", "z.tar.\(compression.rawValue)"])
  }

  /// Cleaning must work on a full disk, to free space.
  @Test("can be cleaned")
  func clean() throws {
    let (disk, after) = try prepare(undisturbed: ["clean", "--apply", "--keep", "1"])
    try disk.fill()
    let outcome = try workspace.mirrorctl("clean", "--apply", "--keep", "1")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell("rm mirror/filler")
    #expect(try differences(from: after) == [])
  }

  @Test("with the catalog on it loses the catalog's update, never the result")
  func catalog() throws {
    try workspace.shell("rmdir mirror; cp -a start mirror; mkdir state")
    let disk = try SmallDisk(workspace.state)
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    let after = try Tree(workspace.mirror)
    // With a catalog that exists and cannot grow, and with one that cannot be created.
    for prepare in ["true", "rm -rf state/mirrorctl"] {
      try workspace.shell("rm -rf mirror; cp -a start mirror; \(prepare)")
      try disk.fill()
      let outcome = try workspace.mirrorctl("digestgen")
      #expect(outcome.status == 0, "\(outcome.errorText)")
      // SQLite reports an I/O error if it cannot allocate its shared memory on a full disk.
      #expect(outcome.errorText.contains("\(workspace.state)/mirrorctl"), "\(outcome.errorText)")
      let tells = outcome.errorText.contains("full") || outcome.errorText.contains("No space left")
      #expect(tells, "\(outcome.errorText)")
      #expect(try differences(from: after) == [])
      try workspace.shell("rm state/filler")
      #expect(try workspace.mirrorctl("digestgen").status == 0)
      #expect(try differences(from: after) == [])
    }
  }

  @Test(
    "with the catalog on it does not prevent cleaning, even if a new subarch must be recorded")
  func fullCatalog() throws {
    try workspace.shell("rmdir mirror; cp -a start mirror; mkdir state")
    let disk = try SmallDisk(workspace.state)
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell(
      "cp -a mirror/1.4-release-std/x86-64bit/generic_64 mirror/1.4-release-std/x86-64bit/new_64")
    try disk.fill()
    let outcome = try workspace.mirrorctl("clean", "--apply", "--keep", "1")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    for path in FaultMirror.doomed {
      #expect(!FileManager.default.fileExists(atPath: "\(workspace.mirror)/\(path)"), "\(path)")
    }
  }

  @Test("with the catalog on it is named by doctor, which calls no catalog damaged that cannot be read")
  func doctor() throws {
    try workspace.shell("rmdir mirror; cp -a start mirror; mkdir state")
    let disk = try SmallDisk(workspace.state)
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    try disk.fill()
    let text = try workspace.mirrorctl("doctor").text
    #expect(text.contains("the catalog cannot be read: "), "\(text)")
    #expect(text.contains("check for a full disk") && !text.contains("damaged"), "\(text)")
    try workspace.shell("rm state/filler")
    #expect(try workspace.mirrorctl("doctor").text.contains("ok: catalog: "))
  }

  @Test("makes `add` remove what it began, so that it can be repeated")
  func add() throws {
    let disk = try SmallDisk(workspace.mirror)
    try workspace.shell("cp -a start/. mirror/; head -c 900000 /dev/urandom > x; tar cJf stage3-x.tar.xz x")
    try disk.fill()
    try workspace.shell("truncate -s -500000 mirror/filler")
    let before = try Tree(workspace.mirror)
    let add = ["add", "std", "x86-64bit", "new", "2026-11-01", "\(workspace.path)/stage3-x.tar.xz"]
    let failed = try workspace.run(workspace.command(add))
    expectFailure(failed)
    #expect(failed.status == 1 && failed.text == "", "\(failed.text)")
    let left = try Tree(workspace.mirror).differences(from: before)
    #expect(!left.contains { $0.contains("2026-11-01") }, "\(left)")
    try workspace.shell("rm mirror/filler")
    let added = try workspace.run(workspace.command(add))
    #expect(added.status == 0, "\(added.errorText)")
    let verified = try workspace.mirrorctl("verify").text.split(separator: "\n")
    #expect(verified.contains { $0.hasPrefix("ok ") && $0.contains("std/x86-64bit/new/2026-11-01/") })
  }

  /// Copies the mirror to the small disk; returns the tree after an undisturbed run.
  private func prepare(undisturbed verb: [String]) throws -> (SmallDisk, Tree) {
    let disk = try SmallDisk(workspace.mirror)
    try workspace.shell("cp -a start/. mirror/")
    let undisturbed = try workspace.run(workspace.command(verb))
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    let after = try Tree(workspace.mirror)
    try workspace.shell("rm -rf state mirror/* mirror/.mirrorctl.lock; cp -a start/. mirror/")
    return (disk, after)
  }

  private func expectFailure(_ outcome: Outcome) {
    #expect([1, 3].contains(outcome.status), "\(outcome.errorText)")
    let lines = outcome.errorText.split(separator: "\n")
    #expect(!lines.isEmpty)
    let isNamed = lines.contains { $0.contains("\(workspace.mirror)/") && $0.contains("No space left") }
    #expect(isNamed, "\(outcome.errorText)")
  }

  /// Checks that nothing is partial and, if the program was not killed, that no temporary file is left.
  private func expectUntouched(from before: Tree, _ after: Tree) throws {
    let now = try Tree(workspace.mirror)
    #expect(MirrorInvariants.unexpected(in: now, before, after) == [])
    #expect(MirrorInvariants.leftovers(in: now) == [])
  }

  private func expectCompletion(_ verb: [String], _ after: Tree) throws {
    let outcome = try workspace.run(workspace.command(verb))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try differences(from: after) == [])
  }

  private func differences(from after: Tree) throws -> [String] {
    try Tree(workspace.mirror).differences(from: after).filter { !$0.hasPrefix(".mirrorctl.lock ") }
  }
}

@Suite("A full disk without space for new indexes")
struct FullIndexedDiskTests {
  @Test("is cleaned by clean and upkeep nevertheless", arguments: [["clean", "--apply"], ["upkeep"]])
  func clean(_ verb: [String]) throws {
    let mirror = try DatedMirror()
    let workspace = mirror.workspace
    let disk = try SmallDisk(workspace.mirror)
    for ago in [9, 7, 5, 1] { try mirror.version(ago) }
    let days = try [9, 7, 5].map(mirror.day)
    for day in days {
      try workspace.shell("head -c 100000 /dev/urandom > mirror/\(DatedMirror.subarch)/\(day)/notes")
    }
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    // Every index must change: none of them lists the newest version yet.
    #expect(try workspace.mirrorctl("index", "--format", "xml,json,html,latest").status == 0)
    let newest = try mirror.version(0)
    try disk.fill()
    let outcome = try workspace.run(workspace.command(verb + ["--keep", "1"]))
    #expect([0, 3].contains(outcome.status), "\(outcome.errorText)")
    #expect(!mirror.exists("\(DatedMirror.subarch)/\(days[0])"), "\(outcome.text)\(outcome.errorText)")
    #expect(mirror.exists(mirror.stage3(newest)))
    try workspace.shell("rm mirror/filler")
    #expect(try workspace.run(workspace.command(["upkeep", "--keep", "1"])).status == 0)
    for day in days { #expect(!mirror.exists("\(DatedMirror.subarch)/\(day)")) }
  }
}
