import LinuxSystem
import MirrorTools
import StageBuilder

/// Shows the targets that are being built on a terminal: a line for each, and the number of the others.
enum GraphTable {
  /// Runs `body`, and shows `progress` if the context has a terminal.
  static func showing<Result>(
    _ progress: GraphProgress, on context: CommandContext, unless isQuiet: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    try ProgressThread.showing(
      on: context, unless: isQuiet, every: 200,
      { area in
        let now = progress.snapshot
        guard !now.rows.isEmpty else { return }
        let size = StandardStream.errors.size ?? (columns: 80, rows: 24)
        area.show(lines(now, at: .now, columns: size.columns, rows: size.rows))
      }, body)
  }

  /// The table, cut to the size of the terminal.
  static func lines(
    _ now: GraphProgress.Snapshot, at time: ContinuousClock.Instant, columns: Int, rows: Int
  ) -> [String] {
    let shown = now.rows.prefix(max(1, rows - 2))
    let cells = shown.map { row in
      let seconds = Int(clamping: (time - row.began).components.seconds)
      return [row.subarch, row.target, clockText(seconds), step(of: row)]
    }
    let widths = (0..<3).map { column in cells.map { $0[column].count }.max() ?? 0 }
    let table = cells.map { row in
      let start = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return (start + [row[3]]).joined(separator: "  ")
    }
    let counts =
      "\(now.rows.count) running, \(now.waiting) waiting, \(now.done) done"
      + (now.failed > 0 ? ", \(now.failed) failed" : "")
      + (now.leftOut > 0 ? ", \(now.leftOut) left out" : "")
    // A character in the last column moves the cursor of some terminals to the next line.
    return (table + [counts]).map { String($0.prefix(max(1, columns - 1))) }
  }

  private static func step(of row: GraphProgress.Row) -> String {
    let bytes = row.progress.snapshot.bytes
    guard bytes.done > 0 else { return row.step }
    let total = bytes.total > 0 ? " of \(humanBytes(bytes.total))" : ""
    return "\(row.step) \(humanBytes(bytes.done))\(total)"
  }
}
