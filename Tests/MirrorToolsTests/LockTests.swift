@testable import MirrorModel
import LinuxSystem
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("The mirror's lock") struct MirrorSLockTests {
  @Test("names its holder to a second run")
  func namesHolderSecond() throws {
    let mirror = try TestMirror()
    let first = try MirrorLock(root: mirror.root, verb: "digestgen", cancellation: Cancellation())
    let error = #expect(throws: MirrorError.self) {
      _ = try MirrorLock(root: mirror.root, verb: "clean", cancellation: Cancellation())
    }
    #expect(error?.code == .busy)
    #expect(error?.problem.contains("mirrorctl digestgen, pid \(getpid()) on ") == true)
    _ = consume first
  }

  @Test("is free again after its holder")
  func freeAgainAfter() throws {
    let mirror = try TestMirror()
    do { _ = try MirrorLock(root: mirror.root, verb: "index", cancellation: Cancellation()) }
    _ = try MirrorLock(root: mirror.root, verb: "clean", wait: 5, cancellation: Cancellation())
  }
}

@Suite("The catalog") struct CatalogTests {
  @Test("that is broken is renamed and created anew, with a warning")
  func brokenPutAside() throws {
    let workspace = try Workspace()
    let path = workspace.state.appending(Catalog.fileName(for: workspace.mirror))
    try workspace.shell("mkdir state; head -c 8192 /dev/urandom > '\(path)'")
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    #expect(warnings.count == 1)
    #expect(catalog.path == path)
    #expect(try catalog.records().isEmpty)
    #expect(access("\(path).broken", F_OK) == 0)
  }

  @Test("without a place is in memory, with a warning")
  func noPlaceLives() throws {
    let workspace = try Workspace()
    try workspace.shell("touch state")
    var warnings: [MirrorError] = []
    let catalog = try Catalog.open(for: workspace.mirror, in: workspace.state) { warnings.append($0) }
    #expect(warnings.count == 1)
    #expect(catalog.path == nil)
  }
}

@Suite("A name") struct NameTests {
  @Test(
    "is shown on one line, escaped if necessary",
    arguments: [
      (Array("a\nb".utf8), "a\\nb"), (Array("\u{1b}[31m".utf8), "\\x1b[31m"),
      ([0x61, 0xff, 0x62], "a\\xffb"),
      (Array("\u{202e}x".utf8), "\\xe2\\x80\\xaex"), (Array("a\\b".utf8), "a\\\\b"),
      (Array("größe".utf8), "größe"),
    ])
  func shownOnOne(bytes: [UInt8], shown: String) {
    #expect(FileName(bytes: bytes).description == shown)
  }

  @Test("joins and splits as a path")
  func joinsPartsPath() {
    let path: MirrorPath = "a/b"
    #expect(path.appending("c") == "a/b/c")
    #expect(path.appending("c").parent == path)
    #expect(path.appending("c").name == "c")
    #expect(path.appending("c").isWithin(path))
    #expect(!MirrorPath("a/bc").isWithin(path))
    #expect(path.isWithin(MirrorPath("")))
  }

  @Test("of a day exists for every day from 1970 to 2100, in order")
  func dayOneFor() throws {
    var last = -1
    for year in 1970...2100 {
      for month in 1...12 {
        for day in 1...31 {
          guard let date = CalendarDate(year: year, month: month, day: day) else { continue }
          try #require(date.ordinal == last + 1)
          try #require(CalendarDate(date.description.utf8) == date)
          last = date.ordinal
        }
      }
    }
    #expect(CalendarDate("2026-02-29".utf8) == nil)
    #expect(CalendarDate("2026-1-01".utf8) == nil)
  }
}
