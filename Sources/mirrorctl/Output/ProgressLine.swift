import MirrorTools
import LinuxSystem
import Foundation
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
final class ProgressLine: Sendable {
  private let progress: RunProgress
  private let area: ProgressArea
  private let isOver = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// Runs `body`, and shows `progress` if the context has a terminal.
  static func showing<Result>(
    _ progress: RunProgress, on context: CommandContext, unless isQuiet: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    guard context.showsProgress && !isQuiet else { return try body() }
    let line = ProgressLine(progress, context.progress)
    // Without a thread, nothing is shown.
    guard BackgroundThread.start({ line.run() }) else { return try body() }
    defer { line.end() }
    return try body()
  }

  private init(_ progress: RunProgress, _ area: ProgressArea) {
    self.progress = progress
    self.area = area
  }

  private func end() {
    isOver.signal()
    ended.wait()
  }

  private func run() {
    var step = ""
    var began = Date()
    repeat {
      let now = progress.snapshot
      if now.step != step {
        step = now.step
        began = Date()
      }
      // Show nothing for short steps.
      if !step.isEmpty && max(now.bytes.total, now.bytes.done) > 0 && Date().timeIntervalSince(began) > 0.5 {
        area.show(Self.text(now, seconds: Date().timeIntervalSince(began)))
      }
    } while isOver.wait(timeout: .now() + .milliseconds(100)) == .timedOut
    area.clear()
    ended.signal()
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
    let hours = left / 3600
    let eta = String(format: "%d:%02d:%02d", hours, left / 60 % 60, left % 60)
    return "\(now.step) \(percent)%  \(files)\(humanBytes(Int64(rate)))/s  \(eta) left"
  }
}
