@testable import MirrorModel
import LinuxSystem
import Foundation
import SystemPackage
import Testing
import TestSupport

@testable import MirrorTools

private let today: CalendarDate = day("2026-11-22")

@Suite("status: one line per subarch, like Metro's fails")
struct StatusReportTests {
  @Test("failing ones come first, by descending failcount, the rest in path order")
  func order() throws {
    let mirror = try TestMirror()
      .version("funtoo-current/x86-64bit/generic_64/2026-11-01")
      .version("funtoo-current/x86-64bit/core2_64/2026-11-20")
      .file("funtoo-current/x86-64bit/atom_64/.control/.failcount", "2\n")
      .file("funtoo-current/pure64/corei7/.control/.failcount", "10")
      .file("1.4-release-std/pure64/corei7/.control/.failcount", "2")
    let root = mirror.root
    #expect(
      StatusReport(try mirror.scan(), today: today).lines.map(\.description) == [
        "  10         None \(root)/funtoo-current/pure64/corei7 ()",
        "   2         None \(root)/1.4-release-std/pure64/corei7 ()",
        "   2         None \(root)/funtoo-current/x86-64bit/atom_64 ()",
        "   0   2026-11-20 \(root)/funtoo-current/x86-64bit/core2_64 (stage3)",
        "   0   2026-11-01 \(root)/funtoo-current/x86-64bit/generic_64 (stage3)",
      ])
  }

  @Test("artifacts are those of the newest complete version, once each, without stage1 and stage2")
  func artifacts() throws {
    let version = "std/x86/gen/2026-11-17"
    let mirror = try TestMirror()
      .version(version, stages: ["stage1", "stage2", "stage3", "gnome-stage3", "lxd"])
      .version(version, compression: "")
      .file("\(version)/std-gen-openvz-2026-11-17.tar.xz", "x")
      .version("std/x86/gen/2026-11-18", stages: ["lxd"], status: "fail")
    let status = try #require(StatusReport(try mirror.scan(), today: today).subarches.first)
    #expect(status.artifacts.map(\.variant) == ["gnome", "lxd", "openvz", "stage3"])
    #expect(status.artifacts.last?.name == "stage3-gen-std-2026-11-17.tar.xz")
    #expect(status.full)
    #expect(status.versions == 2)
    #expect(status.ageDays == 5)
  }

  @Test("a compressed form that another program still writes is not used")
  func halfCompressed() throws {
    let version = "std/x86/gen/2026-11-17"
    let mirror = try TestMirror().version(version).version(version, compression: "")
      .file("\(version)/stage3-gen-std-2026-11-17.tar.cme.run")
    let status = try #require(StatusReport(try mirror.scan(), today: today).subarches.first)
    #expect(status.artifacts.map(\.name) == ["stage3-gen-std-2026-11-17.tar"])
  }

  @Test("a version without status is in progress, whatever it contains")
  func inProgress() throws {
    let mirror = try TestMirror()
      .version("std/x86/gen/2026-11-17").version("std/x86/gen/2026-11-21", status: nil)
      .file("std/x86/gen/.control/.stage3_progress", "77")
    let status = try #require(StatusReport(try mirror.scan { $0 == 77 }, today: today).subarches.first)
    #expect(status.date == day("2026-11-17"))
    #expect(status.inProgress)
  }

  @Test(
    "candidates, and withdrawn versions and artifacts, follow at the end; those that failed are no candidates"
  )
  func releases() throws {
    let gen = "std/x86/gen"
    let mirror = try TestMirror()
      .version("\(gen)/2026-11-15", stages: ["stage3", "lxd"])
      .file("\(gen)/2026-11-15/lxd-gen-std-2026-11-15.tar.xz.WITHDRAWN")
      .version("\(gen)/2026-11-16").file("\(gen)/2026-11-16/WITHDRAWN")
      .version("\(gen)/2026-11-17").file("\(gen)/2026-11-17/WITHDRAWN").file("\(gen)/2026-11-17/CANDIDATE")
      .version("\(gen)/2026-11-18").file("\(gen)/2026-11-18/CANDIDATE")
      .version("\(gen)/2026-11-19", stages: [], status: "fail").file("\(gen)/2026-11-19/CANDIDATE")
    let report = StatusReport(try mirror.scan(), today: today)
    #expect(
      report.lines.map(\.description) == [
        "   0   2026-11-15 \(mirror.root)/\(gen) (stage3); candidate 2026-11-18; "
          + "withdrawn lxd-gen-std-2026-11-15.tar.xz, 2026-11-16, 2026-11-17"
      ])
    let status = try #require(report.subarches.first)
    #expect(status.candidates == ["std/x86/gen/2026-11-18"])
    #expect(status.withdrawn?.first == "std/x86/gen/2026-11-15/lxd-gen-std-2026-11-15.tar.xz")
  }

  @Test("JSON contains the strategy, the tarballs without digests and the bytes of all versions")
  func json() throws {
    let mirror = try TestMirror()
      .version("std/x86/gen/2026-11-17", stages: ["stage1", "stage3"])
      .version("std/x86/gen/2026-11-10")
      .file("std/x86/gen/2026-11-10/stage3-gen-std-2026-11-10.tar.xz.hash.txt", "sha256 00")
      .file("std/x86/gen/.control/strategy/build", "remote\n")
      .file("std/x86/gen/.control/strategy/seed", "stage3\n")
      .file("std/x86/gen/.control/remote/build", "std\n")
      .file("std/x86/gen/.control/remote/arch_desc", "x86\n")
      .file("std/x86/gen/.control/remote/subarch", "i686\n")
      .file("std/snapshots/portage-2026-11-08.tar.xz", "12345")
      .file("std/snapshots/portage-2026-11-08.tar.xz.hash.txt", "sha256 00")
      .file("std/snapshots/portage-2026-11-07.tar.xz", "123")
    let sizes = Int64(["12345", "123"].map { Compressed.file(".tar.xz", holding: $0).count }.reduce(0, +))
    let report = StatusReport(try mirror.scan(), today: today)
    let snapshots = try #require(report.snapshots.first)
    #expect(report.snapshots.count == 1)
    #expect(
      snapshots.path == "std/snapshots/portage-2026-11-08.tar.xz"
        && snapshots.ageDays == today.days(since: snapshots.date))
    #expect(snapshots.snapshots == 2 && snapshots.bytes == sizes && snapshots.digestsMissing == 1)
    let status = try #require(report.subarches.first)
    #expect(status.strategy == .init(build: "remote", seed: "stage3", remote: "std/x86/i686"))
    #expect(status.digestsMissing == 2)
    let stages = try mirror.scan().subarches.flatMap(\.versions).flatMap(\.folder.tarballs)
    #expect(stages.count == 3 && status.bytes == stages.map(\.status.size).reduce(0, +))
    let data = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(StatusReport.self, from: data) == report)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(object.keys) == ["mirror", "subarches", "snapshots", "farm"])
  }
}

@Suite("nextbuild: the next build")
struct NextBuildTests {
  private func plan(_ mirror: TestMirror, _ settings: RotationSettings = RotationSettings()) throws
    -> NextBuildPlan
  {
    try NextBuildPlan(try mirror.scan { $0 == 77 }, settings, today: today)
  }

  @Test("subarches never built come before stale ones, the oldest first")
  func order() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-10").version("std/x86/b/2026-11-09")
    #expect(try plan(mirror).next?.subarch == "b")
    try mirror.directory("std/x86/c/.control")
    let next = try #require(try plan(mirror).next)
    #expect(next.subarch == "c")
    #expect(next.fullDate == nil)
  }

  @Test("a subarch is due at exactly stale-days, not a day before")
  func staleDays() throws {
    #expect(try plan(TestMirror().version("std/x86/a/2026-11-19")).next != nil)
    #expect(try plan(TestMirror().version("std/x86/a/2026-11-20")).next == nil)
  }

  @Test("one failure is retried after twice stale-days, before subarches that are only stale")
  func failedOnce() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-01").version("std/x86/b/2026-11-16")
      .file("std/x86/b/.control/.failcount", "1")
    #expect(try plan(mirror).next?.subarch == "b")
  }

  @Test("at max-failcount a subarch is out of the rotation")
  func maxFailcount() throws {
    let mirror = try TestMirror().file("std/x86/a/.control/.failcount", "3")
    #expect(try plan(mirror).next == nil)
    var patient = RotationSettings()
    patient.maxFailcount = 4
    #expect(try plan(mirror, patient).next?.failcount == 3)
  }

  @Test("a subarch being built is passed over with a line")
  func busy() throws {
    let mirror = try TestMirror().directory("std/x86/b/.control").file(
      "std/x86/a/.control/.multi_progress", "77")
    let plan = try plan(mirror)
    #expect(plan.next?.subarch == "b")
    #expect(plan.notices() == ["# Build at \(mirror.root)/std/x86/a in progress, skipping..."])
  }

  @Test("a dead build's lock is ignored, as is that of a single target")
  func deadLock() throws {
    let mirror = try TestMirror().file("std/x86/a/.control/.multi_progress", "78")
      .file("std/x86/a/.control/.stage3_progress", "77")
    #expect(try plan(mirror).next?.subarch == "a")
    #expect(try plan(mirror).inProgress == [])
  }

  @Test(
    "the modes are used in turn",
    arguments: [
      (["full"], [true, false], "full"),
      (["freshen"], [true], "freshen"),
      (["full", "freshen"], [], "full"),
      (["full", "freshen"], [true], "freshen"),
      (["full", "freshen"], [true, false], "full"),
      (["full", "freshen"], [false], "full"),
      (["freshen", "full"], [true, false], "full"),
      (["full", "freshen", "quick"], [true, false], "quick"),
      (["full", "freshen", "quick"], [true, false, false], "full"),
      ([], [true], "full"),
    ])
  func modes(modes: [String], built: [Bool], expected: String) throws {
    let mirror = try TestMirror().directory("std/x86/a/.control")
    for (index, isFull) in built.enumerated() {
      try mirror.version("std/x86/a/2026-10-1\(index)", stages: isFull ? ["stage1", "stage3"] : ["stage3"])
    }
    var settings = RotationSettings()
    settings.modes = modes
    #expect(try plan(mirror, settings).next?.target == expected)
  }

  @Test(
    "a mode can name images of its own, beside those of the subarch",
    arguments: [
      ([], "full", ["openvz", "lxd"]), ([true], "freshen", ["lxd"]),
      ([true, false], "full", ["openvz", "lxd"]), ([false], "full", ["openvz", "lxd"]),
    ])
  func modesWithImages(built: [Bool], mode: String, extras: [String]) throws {
    let mirror = try TestMirror().directory("std/x86/a/.control")
    for (index, isFull) in built.enumerated() {
      try mirror.version("std/x86/a/2026-10-1\(index)", stages: isFull ? ["stage1", "stage3"] : ["stage3"])
    }
    var settings = RotationSettings()
    settings.modes = ["full+openvz", "freshen"]
    settings.extras = ["a": ["lxd"]]
    let next = try #require(try plan(mirror, settings).next)
    #expect(next.target == mode && next.extras == extras)
  }

  @Test("a shell reads the assignments back, whatever the names")
  func shell() throws {
    let mirror = try TestMirror().version("a b/$(id)/it's;x/2026-10-10")
    var settings = RotationSettings()
    settings.extras = ["it's;x": ["openvz", "lxd"]]
    let next = try #require(try plan(mirror, settings).next)
    let text =
      String(decoding: Array(next.shellAssignments.joined(separator: "\n".utf8)), as: UTF8.self) + "\n"
    let shown = #"printf '%s|' "$release" "$arch_desc" "$subarch" "$fulldate" "$target" "$extras""#
    let result = try Tool.run("sh", "-euc", text + shown)
    #expect(result.output == "a b|$(id)|it's;x|2026-10-10|full|openvz+lxd|")
    #expect(result.status == 0)
  }

  @Test("plain values are not quoted, as in Metro, except extras")
  func plainShell() throws {
    let next = try plan(TestMirror().directory("funtoo-current/x86-64bit/generic_64/.control")).next
    #expect(
      next.map { String(decoding: Array($0.shellAssignments.joined(separator: "\n".utf8)), as: UTF8.self) }
        == """
        release=funtoo-current
        arch_desc=x86-64bit
        subarch=generic_64
        fulldate=None
        nextdate=2026-11-22
        failcount=0
        target=full
        extras=''
        """)
  }

  @Test("extras of a path take precedence over those of a name")
  func extras() throws {
    var settings = RotationSettings()
    settings.extras = ["std/x86/a": ["lxd"], "a": ["openvz"]]
    #expect(try plan(TestMirror().directory("std/x86/a/.control"), settings).next?.extras == ["lxd"])
    #expect(try plan(TestMirror().directory("std/x87/a/.control"), settings).next?.extras == ["openvz"])
  }
}

@Suite("empties and zap")
struct UpkeepOfTheRotationTests {
  @Test("empties are subarches that were never built")
  func empties() throws {
    let mirror = try TestMirror().version("std/x86/a/2026-11-10").directory("std/x86/b/.control")
      .version("std/x86/c/2026-11-10", stages: [], status: "fail")
    let empties = Empties(try mirror.scan(), RotationSettings())
    #expect(empties.lines.map(\.description) == ["\(mirror.root)/std/x86/b", "\(mirror.root)/std/x86/c"])
  }

  private func failing() throws -> TestMirror {
    try TestMirror().file("std/x86/a/.control/.failcount", "1").file("std/x86/b/.control/.failcount", "2")
      .file("std/x86/c/.control/.failcount", "0").file("cur/x86/a/.control/.failcount", "4")
  }

  @Test("zap removes counts above 0 and reports it")
  func zap() throws {
    let mirror = try failing()
    var zap = try Zap(mirror.scan(), RotationSettings())
    try zap.apply(in: mirror.scan())
    #expect(zap.messages == [])
    #expect(
      zap.lines.map(\.description)
        == ["cur/x86/a", "std/x86/a", "std/x86/b"].map {
          "Removing \(mirror.root)/\($0)/.control/.failcount..."
        })
    #expect(try mirror.scan().subarches.allSatisfy { $0.control.failcount == 0 })
    #expect(try Zap(mirror.scan(), RotationSettings()).paths == [])
  }

  @Test("zap removes only counts at the given paths")
  func selection() throws {
    let scanned = try failing().scan()
    let paths = { (selection: [MirrorPath]) in try Zap(scanned, RotationSettings(), only: selection).paths }
    #expect(try paths(["std/x86/b"]) == ["std/x86/b/.control/.failcount"])
    #expect(
      try paths(["cur", "std/x86/a"]) == ["cur/x86/a/.control/.failcount", "std/x86/a/.control/.failcount"])
    #expect(try paths([""]).count == 3)
  }

  @Test("zap refuses a path without a subarch", arguments: ["etc", "std/x86/none", "std/x"] as [MirrorPath])
  func unknown(path: MirrorPath) throws {
    let scanned = try failing().scan()
    #expect(throws: MirrorError.self) { try Zap(scanned, RotationSettings(), only: [path]) }
  }
}
