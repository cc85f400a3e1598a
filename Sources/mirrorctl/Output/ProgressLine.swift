import MirrorTools
import LinuxSystem
import FoundationEssentials
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

/// Shows a step's progress on a terminal: the share done, the rate and the time left.
enum ProgressLine {
  /// Runs `body`, and shows `progress` if the context has a terminal.
  static func showing<Result>(
    _ progress: RunProgress, on context: CommandContext, unless isQuiet: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    let shown = Shared(Mutex((step: "", began: Date())))
    return try ProgressThread.showing(
      on: context, unless: isQuiet, every: 100,
      { area in
        let now = progress.snapshot
        let seconds = shown.value.withLock { shown in
          if now.step != shown.step { shown = (now.step, Date()) }
          return Date().timeIntervalSince(shown.began)
        }
        // Show nothing for short steps.
        if !now.step.isEmpty && max(now.bytes.total, now.bytes.done) > 0 && seconds > 0.5 {
          area.show(text(now, seconds: seconds))
        }
      }, body)
  }

  private static func text(_ now: RunProgress.Snapshot, seconds: Double) -> String {
    let rate = Double(now.bytes.done) / seconds
    // The total size of a capture is not known in advance.
    guard now.bytes.total > 0 else {
      return "\(now.step) \(humanBytes(now.bytes.done))  \(humanBytes(Int64(rate)))/s"
    }
    let left = rate > 0 ? Int(min(Double(max(0, now.bytes.total - now.bytes.done)) / rate, 359_999)) : 0
    let share = Double(now.bytes.done) / Double(now.bytes.total)
    let percent = min(100, Int(share * 100))
    let files = now.files.total > 0 ? "\(now.files.done)/\(now.files.total) files  " : ""
    return "\(now.step) \(percent)%  \(files)\(humanBytes(Int64(rate)))/s  \(clockText(left)) left"
  }
}

/// A duration in seconds as `H:MM:SS`.
func clockText(_ seconds: Int) -> String {
  let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
  return "\(seconds / 3600):\(minutes / 10)\(minutes % 10):\(rest / 10)\(rest % 10)"
}
