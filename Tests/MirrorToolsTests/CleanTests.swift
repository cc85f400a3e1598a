@testable import LinuxSystem
import MirrorModel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

private let mountsWork: Bool = {
  guard let place = try? TestMirror(),
    let mounted = try? Tool.run("mount", "-t", "tmpfs", "none", "\(place.root)")
  else { return false }
  _ = try? Tool.run("umount", "\(place.root)")
  return mounted.status == 0
}()

private let straceWorks = (try? Tool.run("strace", "true"))?.status == 0

/// A link to the version 2026-11-01 of `std/x86/gen`; `ROOT` and `ALIAS` stand for absolute paths.
struct LinkCase: CustomTestStringConvertible {
  let path: String
  let target: String
  var testDescription: String { "\(path) -> \(target)" }

  init(_ path: String, _ target: String) {
    self.path = path
    self.target = target
  }

  static let all: [LinkCase] = {
    let stage3 = "2026-11-01/stage3-gen-std-2026-11-01.tar.xz"
    return [
      .init("std/x86/gen/previous", "2026-11-01"), .init("std/x86/gen/stage3-previous.tar.xz", stage3),
      .init("std/x86/gen/deeper", "2026-11-01/work/deeper/file"),
      .init("std/x86/gen/roundabout", ".././../x86/gen//2026-11-01/"),
      .init("std/x86/gen/absolute", "ROOT/std/x86/gen/\(stage3)"),
      .init("std/x86/gen/alias", "ALIAS/std/x86/gen/2026-11-01"),
      .init("std/x86/gen/2026-11-20/previous.tar.xz", "../\(stage3)"),
      .init("std/x86/gen/2026-11-20/old/work/previous", "../../../2026-11-01"),
      .init("std/x86/core2/2026-11-20/seed.tar.xz", "../../gen/\(stage3)"),
      .init("std/x86/pinned", "gen/2026-11-01"), .init("std/pinned.tar.xz", "x86/gen/\(stage3)"),
      .init("std/snapshots/pinned", "../x86/gen/2026-11-01"), .init("pinned", "std/x86/gen/2026-11-01"),
      .init("pinned-absolute", "ROOT/std/x86/gen/2026-11-01"),
    ]
  }()
}

@Suite("clean: what is always kept")
struct CleanProtectionTests {
  /// Cleans three versions with `keep 1` after `prepare`: the oldest must be kept, the middle one removed.
  private func expectOldestStays(
    _ form: CleanForm, isAlive: @escaping @Sendable (Int32) -> Bool = { _ in false },
    _ prepare: (TestMirror) throws -> Void
  ) throws {
    let mirror = try TestMirror.three()
    try prepare(mirror)
    try form.clean(mirror.root, isAlive: isAlive)
    #expect(mirror.isWhole("2026-11-01"))
    #expect(!mirror.exists("std/x86/gen/2026-11-05"))
    #expect(mirror.isWhole("2026-11-20"))
  }

  @Test(
    "without protection only the newest is kept, even with keep 0",
    arguments: CleanForm.allCases)
  func baseline(form: CleanForm) throws {
    let mirror = try TestMirror.three().version("std/x86/gen/2026-11-21", stages: [], status: "fail")
    #expect(try form.clean(mirror.root, policy: .keeping(0)) == "")
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-20", "2026-11-21"])
    #expect(mirror.isWhole("2026-11-20"))
  }

  @Test(
    "the newest complete version is kept, however many incomplete ones follow", arguments: CleanForm.allCases)
  func newestComplete(form: CleanForm) throws {
    let mirror = try TestMirror().version("std/x86/gen/2025-01-01")
    for day in 10...15 { try mirror.version("std/x86/gen/2026-11-\(day)", stages: [], status: "fail") }
    try form.clean(mirror.root, policy: .keeping(0))
    #expect(try mirror.names(in: "std/x86/gen") == ["2025-01-01", "2026-11-15"])
  }

  @Test("the target of a link is kept", arguments: CleanForm.allCases, LinkCase.all)
  func links(form: CleanForm, link: LinkCase) throws {
    let mirror = try TestMirror.three().version("std/x86/core2/2026-11-20")
    let aliases = try TestMirror().link("alias", to: "\(mirror.root)")
    let target = link.target.replacing("ROOT", with: "\(mirror.root)")
      .replacing("ALIAS", with: aliases.path("alias"))
    try mirror.link(link.path, to: target)
    // Known by another name; links may use either.
    try form.clean(FilePath(aliases.path("alias")))
    #expect(mirror.isWhole("2026-11-01"))
    #expect(!mirror.exists("std/x86/gen/2026-11-05"))
  }

  @Test("the target of a link through another link is kept", arguments: CleanForm.allCases)
  func chainedLinks(form: CleanForm) throws {
    try expectOldestStays(form) { mirror in
      try mirror.link("current", to: "std").link("std/best", to: "x86/gen").link(
        "pinned", to: "current/best/2026-11-01"
      )
      .link("loop", to: "loop/2026-11-05").link("std/x86/gen/self", to: "self")
    }
  }

  @Test("a version's own links do not keep it, nor do links out of the mirror", arguments: CleanForm.allCases)
  func ownLinks(form: CleanForm) throws {
    let mirror = try TestMirror.three()
      .link("std/x86/gen/2026-11-01/latest.tar.xz", to: "stage3-gen-std-2026-11-01.tar.xz")
      .link("std/x86/gen/outside", to: "../../../../std/x86/gen/2026-11-05")
    try form.clean(mirror.root)
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-20", "outside"])
  }

  @Test(
    "a version named by .control/version is kept", arguments: CleanForm.allCases,
    ["stage1", "stage2", "stage3", "stage4/openvz", "stage4/odd name"])
  func controlVersion(form: CleanForm, target: String) throws {
    try expectOldestStays(form) {
      try $0.file("std/x86/gen/.control/version/\(target)", " 2026-11-01 \nmore\n")
    }
  }

  @Test("the seed of another subarch's remote builds is kept", arguments: CleanForm.allCases)
  func remoteSeed(form: CleanForm) throws {
    try expectOldestStays(form) { mirror in
      try mirror.file("std/x86/gen/.control/version/stage3", "2026-11-01")
        .file("dev/arm/new/.control/remote/build", "std\n").file(
          "dev/arm/new/.control/remote/arch_desc", "x86\n"
        )
        .file("dev/arm/new/.control/remote/subarch", "gen\n")
    }
    // The plan contains both reasons.
    let mirror = try TestMirror.three().file("std/x86/gen/.control/version/stage3", "2026-11-01")
      .file("dev/arm/new/.control/remote/build", "std\n").file(
        "dev/arm/new/.control/remote/arch_desc", "x86\n"
      )
      .file("dev/arm/new/.control/remote/subarch", "gen\n").scan()
    let planner = RetentionPlanner(
      policy: .keeping(1), today: day("2026-11-22"), mounts: MountTable(points: []))
    #expect(
      planner.plan(mirror).sections.first?.items.first?.reason
        == "the seed of dev/arm/new; named by .control/version as the last stage3")
  }

  @Test(
    "a version without status is kept while a live process holds any lock", arguments: CleanForm.allCases,
    [".multi_progress", ".stage3_progress"])
  func inProgress(form: CleanForm, lock: String) throws {
    try expectOldestStays(form, isAlive: { $0 == 77 }) { mirror in
      try mirror.file("std/x86/gen/.control/\(lock)", "77\n").version("std/x86/gen/2026-10-01", status: nil)
        .file("std/x86/gen/.control/version/stage3", "2026-11-01")
    }
    for alive in [true, false] {
      let mirror = try TestMirror.three().version("std/x86/gen/2026-10-01", status: nil)
        .file("std/x86/gen/.control/\(lock)", "77\n")
      try form.clean(mirror.root) { _ in alive }
      #expect(mirror.exists("std/x86/gen/2026-10-01") == alive)
    }
  }

  @Test("versions dated in the future or without a date are kept", arguments: CleanForm.allCases)
  func dates(form: CleanForm) throws {
    let names = [
      "2026-11-23", "2099-01-01", "2026-02-30", "2026-11-01-keep", "2026-11-01x", "2026-11-1", "old",
      "x2026-11-01",
    ]
    let mirror = try TestMirror.three()
    for name in names { try mirror.version("std/x86/gen/\(name)") }
    try form.clean(mirror.root)
    // Tomorrow is allowed: clocks and time zones differ.
    #expect(try mirror.names(in: "std/x86/gen") == names.sorted())
  }

  @Test(
    "a version directory that is a link is not removed, nor is its target", arguments: CleanForm.allCases
  )
  func linkedVersion(form: CleanForm) throws {
    let outside = try TestMirror().file("2026-10-01/status", "ok").file("2026-10-01/precious", "x")
    let mirror = try TestMirror.three().link("std/x86/gen/2026-10-01", to: outside.path("2026-10-01"))
    try form.clean(mirror.root)
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-10-01", "2026-11-20"])
    #expect(try outside.names(in: "2026-10-01") == ["precious", "status"])
  }

  @Test("links inside a removed version are not followed", arguments: CleanForm.allCases)
  func linksInside(form: CleanForm) throws {
    let outside = try TestMirror().file("directory/precious", "x")
    let mirror = try TestMirror.three().link(
      "std/x86/gen/2026-11-01/work/link", to: outside.path("directory")
    )
    .link("std/x86/gen/2026-11-01/link", to: outside.path("directory/precious"))
    try form.clean(mirror.root)
    #expect(!mirror.exists("std/x86/gen/2026-11-01"))
    #expect(outside.content("directory/precious") != nil)
  }

  @Test(
    "a subarch with an unreadable directory keeps all versions", arguments: CleanForm.allCases,
    ["linked control", "linked versions", "linked version", "huge version", "file", "directory lock"])
  func unreadable(form: CleanForm, oddity: String) throws {
    let mirror = try TestMirror.three().version("std/x86/core2/2026-11-01").version(
      "std/x86/core2/2026-11-20")
    let control = "std/x86/gen/.control"
    switch oddity {
    case "linked control":
      try mirror.file("shared/version/stage3", "2026-11-01").link(control, to: "../../../shared")
    case "linked versions": try mirror.link("\(control)/version", to: "../../core2")
    case "linked version": try mirror.link("\(control)/version/stage3", to: "stage2")
    case "huge version": try mirror.file("\(control)/version/stage3", String(repeating: "x", count: 5000))
    case "file": try mirror.file("\(control)", "2026-11-01")
    default: try mirror.directory("\(control)/.multi_progress")
    }
    #expect(try mirror.scan().problems.first?.subject.hasPrefix(mirror.path(control)) == true)
    try form.clean(mirror.root)
    for version in ["2026-11-01", "2026-11-05", "2026-11-20"] { #expect(mirror.isWhole(version)) }
    #expect(try mirror.names(in: "std/x86/core2") == ["2026-11-20"], "the others are cleaned all the same")
  }
}

@Suite("clean: mounts", .enabled(if: mountsWork, "mounting needs CAP_SYS_ADMIN"), .serialized)
struct CleanMountTests {
  @Test(
    "a version with a mount on or in it is kept whole", arguments: CleanForm.allCases,
    ["tmpfs", "bind", "bind on the version itself"])
  func mounted(form: CleanForm, kind: String) throws {
    let outside = try TestMirror().file("precious", "x")
    let mirror = try TestMirror.three().directory("std/x86/gen/2026-11-01/work/a b")
    let point =
      mirror.path("std/x86/gen/2026-11-01") + (kind == "bind on the version itself" ? "" : "/work/a b")
    let mount =
      kind == "tmpfs"
      ? try Tool.run("mount", "-t", "tmpfs", "none", point)
      : try Tool.run("mount", "--bind", "\(outside.root)", point)
    #expect(mount.status == 0, "\(mount.output)")
    defer { _ = try? Tool.run("umount", point) }
    if kind == "tmpfs" { try mirror.file("std/x86/gen/2026-11-01/work/a b/precious", "x") }
    try form.clean(mirror.root)
    #expect(FileManager.default.fileExists(atPath: point + "/precious"))
    #expect(try Tool.run("umount", point).status == 0)
    #expect(mirror.isWhole("2026-11-01"))
    #expect(!mirror.exists("std/x86/gen/2026-11-05"))
  }

  @Test("a file system mounted after planning loses nothing", arguments: CleanForm.allCases)
  func mountedLater(form: CleanForm) throws {
    let outside = try TestMirror().file("precious", "x")
    let mirror = try TestMirror.three().directory("std/x86/gen/2026-11-01/work")
    let point = mirror.path("std/x86/gen/2026-11-01/work")
    let complaint = try form.clean(
      mirror.root,
      between: {
        let mount = try Tool.run("mount", "--bind", "\(outside.root)", point)
        #expect(mount.status == 0, "\(mount.output)")
      })
    defer {
      // Whatever its name is now: nothing may be removed below a mount.
      _ = try? Tool.run(
        "sh", "-c", #"umount "$1"/std/x86/gen/*/work "$1"/std/x86/gen/.m*/work"#, "sh", "\(mirror.root)")
    }
    #expect(outside.content("precious") != nil)
    #expect(complaint.contains("mounted"))
  }
}

@Suite("clean: what changes between plan and removal")
struct CleanChangeTests {
  @Test("a version that was linked meanwhile is kept, and reported")
  func linkedMeanwhile() throws {
    let mirror = try TestMirror.three()
    let complaint = try CleanForm.apply.clean(
      mirror.root,
      between: {
        try mirror.link("std/x86/gen/stage3-latest", to: "2026-11-01")
      })
    #expect(
      complaint == mirror.path("std/x86/gen/2026-11-01")
        + ": is kept after all: named by the link stage3-latest: run again to remove it")
    #expect(mirror.isWhole("2026-11-01"))
    #expect(!mirror.exists("std/x86/gen/2026-11-05"))
  }

  @Test(
    "a removed version is not an error, and a file in its place is kept", arguments: CleanForm.allCases)
  func gone(form: CleanForm) throws {
    let mirror = try TestMirror.three()
    try form.clean(
      mirror.root,
      between: {
        try FileManager.default.removeItem(atPath: mirror.path("std/x86/gen/2026-11-01"))
        try FileManager.default.removeItem(atPath: mirror.path("std/x86/gen/2026-11-05"))
        try mirror.file("std/x86/gen/2026-11-05", "a file")
      })
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-05", "2026-11-20"])
  }

  @Test(
    "nothing outside is removed when a directory is replaced by a link", arguments: CleanForm.allCases,
    ["std/x86/gen/2026-11-01", "std/x86/gen", "std/x86", "std", "std/snapshots"])
  func replaced(form: CleanForm, path: String) throws {
    let mirror = try TestMirror.three().file("std/snapshots/portage-2026-11-01.tar.xz", "1")
      .file("std/snapshots/portage-2026-11-20.tar.xz", "2")
    let outside = try TestMirror()
    try form.clean(
      mirror.root,
      between: {
        try FileManager.default.moveItem(atPath: mirror.path(path), toPath: outside.path("moved"))
        try mirror.link(path, to: outside.path("moved"))
      })
    let moved = try Tool.run("find", outside.path("moved"), "-type", "f").output.split(separator: "\n").count
    #expect(
      moved == (path == "std" ? 8 : path.hasSuffix("2026-11-01") || path.hasSuffix("snapshots") ? 2 : 6))
  }

  @Test("leftovers of a killed run are removed, files and directories, but nothing that only looks similar")
  func leftovers() throws {
    let mirror = try TestMirror.three()
    let (file, directory) = (TemporaryName.make().description, TemporaryName.make().description)
    try mirror.file("std/x86/gen/\(file)", "x").file("\(file)", "x").file(
      "std/x86/gen/\(directory)/deep/er", "x"
    )
    .file("std/x86/gen/.mirrorctl-mine", "x").link("std/x86/\(file)", to: "gen/2026-11-01")
    let settings = ["remote", "strategy", "version", "version/stage4"]
    for place in settings { try mirror.file("std/x86/gen/.control/\(place)/\(file)", "x") }
    try mirror.file("std/x86/gen/.control/\(file)", "x").file("std/x86/gen/.control/remote/build", "std\n")
    try CleanForm.apply.clean(mirror.root)
    #expect(try mirror.names(in: "std/x86/gen") == [".control", ".mirrorctl-mine", "2026-11-20"])
    let left = try settings.flatMap { try mirror.names(in: "std/x86/gen/.control/\($0)") }
    #expect(left == ["build", "stage4"])
    #expect(try !mirror.names(in: "std/x86/gen/.control").contains(file))
    #expect(try mirror.names(in: "std/x86") == ["gen"])
    #expect(try mirror.names(in: "") == ["std"])
  }

  @Test("a cancelled run removes nothing more; the next one finishes")
  func cancelled() throws {
    let mirror = try TestMirror.three()
    let before = try mirror.tree()
    let cancellation = Cancellation()
    cancellation.cancel(signal: SIGTERM)
    try CleanForm.apply.clean(mirror.root, cancellation: cancellation)
    #expect(try mirror.tree() == before)
    // Like a signal between the rename and the end of the removal.
    let anchor = try AnchoredDirectory(root: mirror.root)
    let subarch = try anchor.directory("std/x86/gen" as MirrorPath)
    let temporary = TemporaryName.make()
    try subarch.rename("2026-11-01", to: temporary)
    #expect(throws: MirrorError.self) {
      let anchor = try AnchoredDirectory(root: mirror.root)
      try TreeRemover(cancellation: cancellation)
        .remove(temporary, in: anchor.directory("std/x86/gen" as MirrorPath))
    }
    #expect(try mirror.names(in: "std/x86/gen") == [temporary.description, "2026-11-05", "2026-11-20"])
    try CleanForm.apply.clean(mirror.root)
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-20"])
  }

  @Test(
    "a killed run leaves each version whole or hidden, and the next one finishes",
    .enabled(if: straceWorks && Built.exists, "needs strace and the built mirrorctl"),
    arguments: [1, 2, 3, 4])
  func killed(call: Int) throws {
    let mirror = try TestMirror.three()
    try Tool.run(
      "strace", "-f", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
      "inject=unlinkat:signal=KILL:when=\(call)",
      Built.mirrorctl, "clean", "--mirror", "\(mirror.root)", "--apply", "--keep", "1")
    let visible = try mirror.names(in: "std/x86/gen").filter { !$0.hasPrefix(".") }
    #expect(visible.contains("2026-11-20"))
    for version in visible { #expect(mirror.isWhole(version)) }
    #expect(try mirror.names(in: "std/x86/gen").contains { $0.hasPrefix(".mirrorctl-") })
    try CleanForm.apply.clean(mirror.root)
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-20"])
  }

  @Test(
    "the disk is waited for once per directory, however many versions and snapshots it loses",
    .enabled(if: straceWorks && Built.exists, "needs strace and the built mirrorctl"))
  func syncs() throws {
    let mirror = try TestMirror()
    for day in 10...19 { try mirror.version("std/x86/gen/2026-10-\(day)") }
    for day in 10...19 { try mirror.file("std/snapshots/portage-2026-10-\(day).tar.xz", "\(day)") }
    let log = mirror.path("log")
    try Tool.run(
      "strace", "-f", "-y", "-o", log, "-e", "trace=fsync", Built.mirrorctl, "clean", "--mirror",
      "\(mirror.root)", "--apply", "--keep", "1", "--max-remove", "100%")
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-10-19"])
    #expect(try mirror.names(in: "std/snapshots") == ["portage-2026-10-19.tar.xz"])
    let calls = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    for directory in ["std/x86/gen", "std/snapshots"] {
      #expect(calls.count { $0.contains("/\(directory)>") } == 1, "\(directory)")
    }
  }

  @Test(
    "--max-remove refuses before anything is done", .enabled(if: Built.exists, "needs the built mirrorctl"),
    arguments: ["1", "0", "66%"])
  func maxRemove(limit: String) throws {
    let mirror = try TestMirror.three()
    let before = try mirror.tree()
    let arguments = ["--mirror", "\(mirror.root)", "--apply", "--keep", "1", "--max-remove"]
    let refused = try Built.run(["clean"] + arguments + [limit])
    #expect(refused.status == 5, "\(refused.output)")
    #expect(refused.output.contains("2 of 3 versions and snapshots would be removed"))
    let after = try mirror.tree()
    #expect(before.split(separator: "\n").allSatisfy { after.contains($0) })
    #expect(try Built.run(["clean"] + arguments + ["2"]).status == 0)
    #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-20"])
  }
}

@Suite("clean: names that are special to a shell")
struct CleanQuotingTests {
  private static let names: [[UInt8]] =
    [
      "a b", "new\nline", "end\n", "it's", #"do"uble"#, "$(touch x)", "`touch x`", "-rf", "--", "*", "?",
      "[a]", #"b\ck"#,
      "#hash", "~", "tab\there", "…", "!", "a;touch x", "a&b|c>d", "%s%n",
    ].map { Array($0.utf8) } + [[0xff, 0x61, 0xfe], [0x01, 0x7f]]

  @Test("exactly the planned directories are removed", arguments: CleanForm.allCases, names)
  func quoting(form: CleanForm, name: [UInt8]) throws {
    for odd in ["std", "std/x86", "std/x86/gen"] {
      let mirror = try TestMirror.three().version("std/x86/gen/2026-11-01-keep").version(
        "std/x86/gen/2026-11-01x"
      )
      .version("std/x86/other/2026-11-20").file("std/snapshots/portage-2026-11-01.tar.xz", "1")
      .file("std/snapshots/portage-2026-11-20.tar.xz", "2").file("x", "unrelated")
      let parent = FilePath(odd).removingLastComponent()
      let renamed = parent.bytes + (parent.isEmpty ? [] : [0x2f]) + name
      let root = Array("\(mirror.root)/".utf8)
      #expect(rename(mirror.path(odd), (root + renamed + [0]).map(CChar.init(bitPattern:))) == 0)
      #expect(try form.clean(mirror.root) == "")
      #expect(rename((root + renamed + [0]).map(CChar.init(bitPattern:)), mirror.path(odd)) == 0)
      #expect(try mirror.names(in: "std/x86/gen") == ["2026-11-01-keep", "2026-11-01x", "2026-11-20"])
      #expect(try mirror.names(in: "std/x86/other") == ["2026-11-20"])
      #expect(try mirror.names(in: "std/snapshots") == ["portage-2026-11-20.tar.xz"])
      #expect(try mirror.names(in: "") == ["std", "x"])
    }
  }
}

@Suite("clean: snapshots")
struct CleanSnapshotTests {
  private func snapshots(_ names: [String]) throws -> TestMirror {
    let mirror = try TestMirror()
    for name in names { try mirror.file("std/snapshots/\(name)", "content of \(name)") }
    return mirror
  }

  @Test("sidecars and signatures are removed with their snapshot only", arguments: CleanForm.allCases)
  func sidecars(form: CleanForm) throws {
    let endings = ["", ".hash.txt", ".gpg", ".asc", ".DIGESTS", ".contents.gz", ".meta4"]
    let mirror = try snapshots(
      ["portage-2026-11-01.tar.xz", "portage-2026-11-20.tar.xz"].flatMap { name in endings.map { name + $0 } }
        + ["portage-2026-11-01.tar.xz.notes", "portage-2026-11-01.tar.xzx"])
    try form.clean(mirror.root)
    #expect(
      try mirror.names(in: "std/snapshots")
        == (["portage-2026-11-01.tar.xz.notes", "portage-2026-11-01.tar.xzx"]
        + endings.map { "portage-2026-11-20.tar.xz" + $0 }).sorted())
  }

  @Test("the script removes metalinks, then signatures, then digests, then the tarball")
  func order() throws {
    let name = "portage-2026-11-01.tar.xz"
    let mirror = try snapshots(
      [
        name, name + ".hash.txt", name + ".gpg", name + ".asc", name + ".DIGESTS", name + ".meta4",
        "portage-2026-11-20.tar.xz",
      ])
    let scanned = try mirror.scan()
    let planner = RetentionPlanner(
      policy: .keeping(1), today: day("2026-11-22"), mounts: MountTable(points: []))
    let script = CleanScript.render(planner.plan(scanned), of: scanned, today: day("2026-11-22"))
    let removed = String(decoding: script, as: UTF8.self).split(separator: "\n").filter {
      $0.hasPrefix("remove_file '")
    }
    .compactMap { $0.split(separator: "'").last.map { String($0.dropFirst(name.count)) } }
    #expect(removed == [".meta4", ".asc", ".gpg", ".DIGESTS", ".hash.txt", ""])
  }

  @Test(
    "the target of portage-latest is kept, as are future and undated snapshots and links",
    arguments: CleanForm.allCases)
  func protected(form: CleanForm) throws {
    let mirror = try snapshots([
      "portage-2026-10-01.tar.xz", "portage-2026-11-01.tar.xz", "portage-2026-11-20.tar.xz",
      "portage-2027-01-01.tar.xz",
      "portage-git.tar.xz", "2026-10-01.tar.xz", "README",
    ]).link("std/snapshots/portage-latest.tar.xz", to: "portage-2026-10-01.tar.xz")
    try form.clean(mirror.root)
    #expect(
      try mirror.names(in: "std/snapshots") == [
        "2026-10-01.tar.xz", "README", "portage-2026-10-01.tar.xz", "portage-2026-11-20.tar.xz",
        "portage-2027-01-01.tar.xz", "portage-git.tar.xz", "portage-latest.tar.xz",
      ])
  }

  @Test("compressions of one date count once, and each name is counted apart", arguments: CleanForm.allCases)
  func counting(form: CleanForm) throws {
    let mirror = try snapshots([
      "portage-2026-11-01.tar.xz", "portage-2026-11-10.tar.xz", "portage-2026-11-20.tar.xz",
      "portage-2026-11-20.tar.zst", "meta-2026-01-01.tar.xz", "meta-2026-02-01.tar.xz",
      "meta-2026-03-01.tar.xz",
    ])
    try form.clean(mirror.root, policy: .keeping(2))
    #expect(
      try mirror.names(in: "std/snapshots") == [
        "meta-2026-02-01.tar.xz", "meta-2026-03-01.tar.xz", "portage-2026-11-10.tar.xz",
        "portage-2026-11-20.tar.xz", "portage-2026-11-20.tar.zst",
      ])
  }

  @Test("SHA256SUMS loses only the lines of removed files")
  func manifest() throws {
    let line = { (name: String) in String(repeating: "0", count: 64) + "  \(name)\n" }
    let (old, new) = ("portage-2026-11-01.tar.xz", "portage-2026-11-20.tar.xz")
    let mirror = try snapshots([old, new])
      .file("std/snapshots/SHA256SUMS", line(old) + line(old + "x") + line(new) + line("other"))
    try CleanForm.apply.clean(mirror.root)
    #expect(
      mirror.content("std/snapshots/SHA256SUMS").map { String(decoding: $0, as: UTF8.self) }
        == line(old + "x") + line(new) + line("other"))
  }
}
