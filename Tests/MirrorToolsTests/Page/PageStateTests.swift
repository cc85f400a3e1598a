import LinuxSystem
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: the state of a subarch") struct PageStateTests {
  private func entry(
    _ prepare: (TestMirror) throws -> Void, isAlive: Bool = false,
    _ configure: (inout MirrorConfiguration) -> Void = { _ in }
  ) throws -> PageEntry {
    var pages = try PageMirror()
    configure(&pages.configuration)
    try prepare(pages.mirror)
    return try #require(PageSurvey(pages.source(isAlive: { _ in isAlive })).entries.first)
  }

  private func words(_ state: PageState) -> [String] {
    state.chips.markup.matches(of: />([^<]+)</).map { String($0.1) }
  }

  @Test(
    "a stage is stale from the day on which it is due again",
    arguments: [
      ("2026-11-22", "healthy"), ("2026-11-20", "healthy"), ("2026-11-19", "stale"),
      ("2026-11-23", "healthy"), ("2099-01-01", "never built"),
    ])
  func staleness(date: String, word: String) throws {
    let entry = try entry { try $0.version("std/x86/a/\(date)") }
    #expect(words(entry.state) == [word])
  }

  @Test("a new build is due only where the subarch is built, and none is under way")
  func due() throws {
    let prepare: (TestMirror) throws -> Void = { try $0.version("std/x86/a/2026-11-01") }
    #expect(
      try entry(prepare).state.sentence == "The newest stage is at least 3 days old. A new build is due.")
    let stored = try entry(prepare) { $0.rotation.alsoStored = ["a"] }
    #expect(stored.state.sentence == "The newest stage is at least 3 days old.")
    let building = try entry(
      {
        try prepare($0); try $0.file("std/x86/a/.control/.multi_progress", "1234")
      }, isAlive: true)
    #expect(
      building.state.sentence == "The newest stage is at least 3 days old. A build is in progress.")
  }

  @Test("a failure that was cleared is still shown")
  func forgiven() throws {
    let pages = try PageMirror()
    try pages.mirror.version("std/x86/a/2026-11-20").version(
      "std/x86/a/2026-11-21", stages: [], status: "fail")
    try pages.catalog.note(pages.mirror.scan(), now: 7)
    let state = try #require(PageSurvey(pages.source()).entries.first).state
    #expect(words(state) == ["healthy"])
    #expect(state.sentence == "The last build failed and will be retried.")
  }

  @Test("failures are counted, whether there is a stage or not")
  func failing() throws {
    let fresh = try entry {
      try $0.version("std/x86/a/2026-11-21").file("std/x86/a/.control/.failcount", "2")
    }
    #expect(words(fresh.state) == ["failing ×2"])
    #expect(fresh.state.sentence == "The last 2 builds failed.")
    let never = try entry { try $0.file("std/x86/a/.control/.failcount", "1") }
    #expect(words(never.state) == ["failing ×1"])
    #expect(never.state.sentence == "The last build failed.")
    #expect(never.newest == nil)
  }

  @Test("a subarch that failed too often is no longer tried, if it is built here")
  func givenUp() throws {
    let prepare: (TestMirror) throws -> Void = { try $0.file("std/x86/a/.control/.failcount", "3") }
    #expect(try entry(prepare).state.isGivenUp)
    #expect(try !entry(prepare) { $0.rotation.maxFailcount = 4 }.state.isGivenUp)
    #expect(try !entry(prepare) { $0.rotation.alsoStored = ["a"] }.state.isGivenUp)
  }

  @Test("a subarch without a stage was never built, and has a page")
  func never() throws {
    let entry = try entry { try $0.directory("std/x86/a/.control") }
    #expect(words(entry.state) == ["never built"])
    #expect(entry.state.sentence == "No builds yet.")
    #expect(entry.page == "std/x86/a/index.html")
  }

  @Test("a build in progress is shown beside the last result, while its process lives")
  func building() throws {
    let prepare: (TestMirror) throws -> Void = {
      try $0.version("std/x86/a/2026-11-21").file("std/x86/a/.control/.multi_progress", "1234")
    }
    #expect(words(try entry(prepare, isAlive: true).state) == ["healthy", "building"])
    #expect(words(try entry(prepare, isAlive: false).state) == ["healthy"])
  }
}
