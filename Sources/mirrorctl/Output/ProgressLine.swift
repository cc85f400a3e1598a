import MirrorTools
import LinuxSystem
import Foundation
import Synchronization

/// The terminal line that shows progress; other output replaces it.
final class ProgressArea: Sendable {
  private let sink: Sink
  private let isShown = Mutex(false)

  init(_ sink: Sink) { self.sink = sink }

  func show(_ text: String) {
    isShown.withLock { isShown in
      sink.write(Array("\r\u{1b}[K\(text)".utf8))
      isShown = true
    }
  }

  /// Clears the line, then prints.
  func clear(then print: () -> Void = {}) {
    isShown.withLock { isShown in
      if isShown { sink.write(Array("\r\u{1b}[K".utf8)) }
      isShown = false
      print()
    }
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
