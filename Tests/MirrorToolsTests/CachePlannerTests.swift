import LinuxSystem
import MirrorModel
import Testing

@testable import MirrorTools

@Suite("The plan of clean --caches") struct CachePlannerTests {
  private func contents(_ entries: (path: String, bytes: Int64, day: Int64)...) -> CacheContents {
    var contents = CacheContents()
    contents.entries = entries.map {
      CacheEntry(path: MirrorPath($0.path), bytes: $0.bytes, used: $0.day * 86_400)
    }
    return contents
  }

  private func limit(bytes: Int64? = nil, days: Int? = nil) -> CacheSettings.Limit {
    var limit = CacheSettings.Limit()
    (limit.bytes, limit.days) = (bytes, days)
    return limit
  }

  @Test("removes what was not written for more days than the age")
  func age() {
    let removed = CachePlanner.removals(
      [contents(("old", 1, 69), ("new", 1, 70))], limit(days: 30), now: 100 * 86_400)
    #expect(removed.map { $0.map(\.path) } == [["old"]])
  }

  @Test("applies the size to all directories of a kind together, the oldest files first")
  func size() {
    let removed = CachePlanner.removals(
      [contents(("a", 10, 3), ("b", 10, 1)), contents(("c", 10, 2))], limit(bytes: 15), now: 100 * 86_400)
    #expect(removed.map { $0.map(\.path) } == [["b"], ["c"]])
    #expect(
      CachePlanner.removals([contents(("a", 10, 3))], limit(bytes: 10), now: 100 * 86_400) == [[]])
  }
}
