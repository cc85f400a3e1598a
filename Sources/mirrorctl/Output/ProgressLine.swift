import MirrorTools
import LinuxSystem
import Synchronization

/// The terminal lines that show progress; other output replaces them.
final class ProgressArea: Sendable {
  private let sink: Sink
  /// The number of lines.
  private let shown = Mutex(0)

  init(_ sink: Sink) { self.sink = sink }

  func show(_ text: String) { show([text]) }

  /// Shows lines, none of which may be longer than the terminal is wide.
  func show(_ lines: [String]) {
    shown.withLock { shown in
      sink.write(Array((Self.start(of: shown) + lines.joined(separator: "\n")).utf8))
      shown = lines.count
    }
  }

  /// Clears the lines, then prints.
  func clear(then print: () -> Void = {}) {
    shown.withLock { shown in
      if shown > 0 { sink.write(Array(Self.start(of: shown).utf8)) }
      shown = 0
      print()
    }
  }

  /// Goes back to the first of the lines, and erases them.
  private static func start(of lines: Int) -> String {
    lines > 1 ? "\u{1b}[\(lines - 1)A\r\u{1b}[J" : "\r\u{1b}[K"
  }
}

/// Shows a step's progress on a terminal: the share done, the rate and the time left, or the time that it takes.
enum ProgressLine {
  /// Steps that take less than this are not shown.
  private static let least = Duration.milliseconds(500)

  /// Runs `body`, and shows `progress` if the context has a terminal.
  static func showing<Result>(
    _ progress: RunProgress, on context: CommandContext, unless isQuiet: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    try ProgressThread.showing(
      on: context, unless: isQuiet, every: 100,
      { area in
        let now = progress.snapshot
        let time = ContinuousClock.now - now.began
        guard !now.step.isEmpty, time > least else { return }
        area.show(text(now, after: time, columns: StandardStream.errors.size?.columns ?? 80))
      }, body)
  }

  /// The line, without what has no room in a terminal of this width.
  static func text(_ now: RunProgress.Snapshot, after time: Duration, columns: Int) -> String {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = seconds > 0 ? Double(now.bytes.done) / seconds : 0
    let speed = rate > 0 ? "\(humanBytes(Int64(min(rate, 1e18))))/s" : ""
    let files = now.files.total > 0 ? "\(now.files.done)/\(now.files.total) files" : ""
    var (start, clock) = (now.step, clockText(Int(clamping: time.components.seconds)))
    if now.bytes.total > 0 {
      start += " \(min(100, Int(Double(now.bytes.done) / Double(now.bytes.total) * 100)))%"
      if rate > 0 {
        let left = Double(max(0, now.bytes.total - now.bytes.done)) / rate
        clock = "\(clockText(Int(min(left, 359_999)))) left"
      }
    } else if now.bytes.done > 0 {
      // The total size of a capture is not known in advance.
      start += " \(humanBytes(now.bytes.done))"
      clock = ""
    }
    // A character in the last column moves the cursor of some terminals to the next line.
    let room = max(1, columns - 1)
    for parts in [[start, files, speed, clock], [start, files, clock], [start, clock]] {
      let line = parts.filter { !$0.isEmpty }.joined(separator: "  ")
      if line.count <= room { return line }
    }
    return String(start.prefix(room))
  }
}

/// A duration in seconds as `H:MM:SS`.
func clockText(_ seconds: Int) -> String {
  let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
  return "\(seconds / 3600):\(minutes / 10)\(minutes % 10):\(rest / 10)\(rest % 10)"
}
