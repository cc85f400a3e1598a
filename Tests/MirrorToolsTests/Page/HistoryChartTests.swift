import LinuxSystem
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: charts of builds") struct HistoryChartTests {
  private func record(_ day: Int, _ outcome: BuildRecord.Outcome = .ok, _ bytes: Int64? = nil) -> BuildRecord
  {
    BuildRecord(
      subarch: "s", version: FileName("2026-11-\(day)"), at: Int64(day), outcome: outcome, bytes: bytes)
  }

  @Test("each outcome has a bar, whose form shows failures without colour")
  func outcomes() {
    let chart = HistoryChart.outcomes([record(1, .ok, 1 << 30), record(2, .fail), record(3)]).markup
    #expect(chart.matches(of: /<rect class="good" [^>]*height="40"/).count == 2)
    #expect(chart.matches(of: /<rect class="bad" [^>]*height="16"/).count == 1)
    #expect(chart.matches(of: /class="cross"/).count == 1)
    #expect(chart.contains("<title>2026-11-1: ok, 1.0 GiB</title>"))
    #expect(chart.contains("<title>2026-11-2: failed</title>"))
    #expect(chart.contains(#"role="img" aria-labelledby="outcomes-title outcomes-desc""#))
    #expect(
      chart.contains(
        #"<desc id="outcomes-desc">2 of the last 3 builds succeeded; the last one succeeded.</desc>"#))
  }

  @Test("descriptions match the charts")
  func summary() {
    #expect(HistoryChart.summary([]) == "No builds recorded.")
    #expect(HistoryChart.summary([record(1)]) == "The only build succeeded.")
    #expect(HistoryChart.summary([record(1, .fail)]) == "The only build failed.")
    #expect(HistoryChart.summary([record(1), record(2)]) == "The last 2 builds succeeded.")
    #expect(HistoryChart.summary([record(1, .fail), record(2, .fail)]) == "The last 2 builds failed.")
    #expect(
      HistoryChart.summary([record(1), record(2), record(3, .fail)])
        == "2 of the last 3 builds succeeded; the last one failed.")
  }

  @Test("one size is not a history; a version built twice counts once; failures have no size")
  func fewSizes() {
    #expect(HistoryChart.sizes([]) == nil)
    #expect(
      HistoryChart.sizes([record(1, .ok, 5), record(2, .fail, 6), record(3), record(4, .ok, 0)]) == nil)
    #expect(HistoryChart.sizes([record(1, .ok, 5), record(1, .ok, 6)]) == nil)
    #expect(HistoryChart.sizes([record(1, .ok, 5), record(2, .ok, 6)]) != nil)
  }

  @Test(
    "the sizes are inside the picture",
    arguments: [[1, 2], [7, 7, 7], [1, .max], [.max, .max], [3, 1, 2], Array(1...30)] as [[Int64]])
  func sizes(values: [Int64]) throws {
    let records = values.enumerated().map { record($0.offset + 1, .ok, $0.element) }
    let chart = try #require(HistoryChart.sizes(records)).markup
    let points = chart.matches(of: /cx="(-?[0-9]+)" cy="(-?[0-9]+)"/).map {
      (Int($0.1) ?? -1, Int($0.2) ?? -1)
    }
    #expect(points.count == values.count)
    #expect(points.allSatisfy { (4...356).contains($0.0) && (4...84).contains($0.1) })
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.0 < $1.0 })
  }

  @Test("the largest size reaches the top, and half of it half the height")
  func scale() throws {
    let chart = try #require(
      HistoryChart.sizes([record(1, .ok, 500), record(2, .ok, 1000), record(3, .ok, 990)])
    ).markup
    #expect(chart.matches(of: /cy="([0-9]+)"/).map { Int($0.1) } == [46, 8, 9])
    #expect(chart.contains(#"d="M6 84L"#), "the ground is zero")
  }

  @Test("a table row shows the last ten, and says so")
  func strip() throws {
    #expect(HistoryChart.strip([]) == nil)
    let strip = try #require(HistoryChart.strip((1...12).map { record($0, $0 == 12 ? .fail : .ok) })).markup
    #expect(strip.contains(#"aria-label="9 of the last 10 builds succeeded; the last one failed.""#))
    #expect(strip.matches(of: /v12/).count == 9)
    #expect(strip.matches(of: /v5/).count == 1)
  }
}
