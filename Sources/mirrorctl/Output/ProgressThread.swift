import Dispatch
import LinuxSystem

/// A thread that shows progress on a terminal while something runs.
final class ProgressThread: Sendable {
  private let isOver = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// Runs `body`; if the context has a terminal, calls `show` again and again meanwhile, on another thread.
  ///
  /// - Parameter interval: between two calls, in milliseconds.
  static func showing<Result>(
    on context: CommandContext, unless isQuiet: Bool, every interval: Int,
    _ show: @escaping @Sendable (ProgressArea) -> Void, _ body: () throws -> Result
  ) rethrows -> Result {
    guard context.showsProgress && !isQuiet else { return try body() }
    let (thread, area) = (ProgressThread(), context.progress)
    // Without a thread, nothing is shown.
    guard BackgroundThread.start({ thread.run(area, interval, show) }) else { return try body() }
    defer { thread.end() }
    return try body()
  }

  private func run(_ area: ProgressArea, _ interval: Int, _ show: (ProgressArea) -> Void) {
    repeat { show(area) } while isOver.wait(timeout: .now() + .milliseconds(interval)) == .timedOut
    area.clear()
    ended.signal()
  }

  private func end() {
    isOver.signal()
    ended.wait()
  }
}
