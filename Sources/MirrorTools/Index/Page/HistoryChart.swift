import LinuxSystem

/// Charts of the recorded builds, each with a description in words.
enum HistoryChart {
  /// The results of recent builds, small enough for a table row; nil without any.
  static func strip(_ history: [BuildRecord]) -> HTML? {
    let shown = history.suffix(10)
    guard !shown.isEmpty else { return nil }
    var (good, bad) = ("", "")
    for (index, record) in shown.enumerated() {
      let x = 2 + 5 * index
      if record.outcome == .ok { good += "M\(x) 1v12" } else { bad += "M\(x) 8v5" }
    }
    return HTML(
      .svg, .class("strip"),
      Attribute("width", "\(5 * shown.count - 1)"), Attribute("height", "14"), Attribute("role", "img"),
      .label(summary(Array(shown)))
    ) {
      if !good.isEmpty { HTML(.path, .class("good"), Attribute("d", good)) }
      if !bad.isEmpty { HTML(.path, .class("bad"), Attribute("d", bad)) }
    }
  }

  /// The results of recent builds: tall bars for successes, short ones below a cross for failures.
  static func outcomes(_ history: [BuildRecord]) -> HTML {
    let (step, height) = (12, 44)
    let width = step * max(1, history.count)
    return picture(
      "outcomes", width: width, height: height, title: "Results of recent builds",
      description: summary(history)
    ) {
      for (index, record) in history.enumerated() {
        let x = step * index + 2
        HTML(.g) {
          HTML(.title) { tip(record) }
          if record.outcome == .ok {
            HTML(.rect, .class("good"), [("x", x), ("y", 2), ("width", 8), ("height", 40), ("rx", 2)])
          } else {
            HTML(.rect, .class("bad"), [("x", x), ("y", 26), ("width", 8), ("height", 16), ("rx", 2)])
            HTML(.path, .class("cross"), Attribute("d", "M\(x + 1) 13l6 6m0-6l-6 6"))
          }
        }
      }
    }
  }

  /// The size of the stage over time, from zero to the largest; nil for less than two sizes.
  static func sizes(_ history: [BuildRecord]) -> HTML? {
    let records = sized(history)
    guard let first = records.first, let last = records.last, records.count > 1 else { return nil }
    let (width, height) = (360, 88)
    let values = records.map(\.bytes)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let points = values.enumerated().map { index, value in
      (
        x: 6 + (width - 12) * index / (records.count - 1),
        y: 8 + Int((Double(height - 12) * (1 - Double(value) / Double(high))).rounded())
      )
    }
    let line = points.map { "\($0.x) \($0.y)" }.joined(separator: "L")
    return picture(
      "sizes", width: width, height: height, title: "Size of the stage over time",
      description: """
        From \(PageText.size(first.bytes)) on \(first.name) to \(PageText.size(last.bytes)) on \(last.name), \
        between \(PageText.size(low)) and \(PageText.size(high)).
        """
    ) {
      HTML(.path, .class("area"), Attribute("d", "M6 \(height - 4)L\(line)L\(width - 6) \(height - 4)z"))
      HTML(.path, .class("line"), Attribute("d", "M\(line)"))
      for (point, record) in zip(points, records) {
        HTML(.circle, .class("dot"), [("cx", point.x), ("cy", point.y), ("r", 3)]) {
          HTML(.title) { "\(record.name): \(PageText.size(record.bytes))" }
        }
      }
    }
  }

  /// The first and the last size in ``sizes(_:)``, the older on the left.
  static func ends(_ history: [BuildRecord]) -> [(name: FileName, bytes: Int64)] {
    let records = sized(history)
    return [records.first, records.last].compactMap(\.self)
  }

  /// `7 of the last 8 builds succeeded; the last one failed.`
  static func summary(_ history: [BuildRecord]) -> String {
    guard let last = history.last else { return "No builds recorded." }
    let good = history.count { $0.outcome == .ok }
    let all = history.count
    if all == 1 { return last.outcome == .ok ? "The only build succeeded." : "The only build failed." }
    if good == all { return "The last \(all) builds succeeded." }
    if good == 0 { return "The last \(all) builds failed." }
    return """
      \(good) of the last \(all) builds succeeded; \
      the last one \(last.outcome == .ok ? "succeeded" : "failed").
      """
  }

  /// The last record with a size of each version.
  private static func sized(_ history: [BuildRecord]) -> [(name: FileName, bytes: Int64)] {
    var sized: [(name: FileName, bytes: Int64)] = []
    for record in history where record.outcome == .ok {
      guard let bytes = record.bytes, bytes > 0 else { continue }
      if sized.last?.name == record.version { sized.removeLast() }
      sized.append((record.version, bytes))
    }
    return sized
  }

  private static func tip(_ record: BuildRecord) -> String {
    let size = record.bytes.map { ", \(PageText.size($0))" } ?? ""
    return "\(record.version): \(record.outcome == .ok ? "ok\(size)" : "failed")"
  }

  private static func picture(
    _ name: String, width: Int, height: Int, title: String, description: String,
    @HTMLBuilder content: () -> HTML
  ) -> HTML {
    HTML(
      .svg, .class("chart \(name)"), Attribute("viewBox", "0 0 \(width) \(height)"),
      Attribute("width", "\(width)"), Attribute("height", "\(height)"), Attribute("role", "img"),
      Attribute("aria-labelledby", "\(name)-title \(name)-desc")
    ) {
      HTML(.title, .id("\(name)-title")) { title }
      HTML(.desc, .id("\(name)-desc")) { description }
      content()
    }
  }
}

extension HTML {
  /// An SVG element with its dimensions.
  fileprivate init(
    _ tag: Tag, _ style: Attribute, _ measures: [(StaticString, Int)],
    @HTMLBuilder content: () -> HTML = { HTML() }
  ) {
    self.init(tag, [style] + measures.map { Attribute($0, "\($1)") }, content())
  }
}
