import MirrorTools

/// The last builds of each subarch, as lines.
struct HistoryText {
  private(set) var lines: [String] = []

  init(_ report: HistoryReport) {
    for subarch in report.subarches {
      lines.append("\(report.mirror)/\(subarch.path)")
      for build in subarch.builds {
        var words = ["  \(build.version)", build.outcome == .ok ? "ok  " : "fail"]
        words += [build.bytes.map(humanBytes), build.seconds.map(humanSeconds)].compactMap(\.self)
        if build.outcome == .fail {
          words += [build.target.map { "\($0):" }, build.error].compactMap(\.self)
          if let log = build.log { words.append("(\(report.mirror)/\(log))") }
        }
        lines.append(words.joined(separator: " "))
      }
      if subarch.builds.isEmpty { lines.append("  never built") }
    }
  }
}
