package import LinuxSystem
import Synchronization

/// How fast a run's threads read, how far they are, and whether they are to stop.
package final class Pace: Sendable {
  private let bytesPerSecond: Double?
  private let progress: RunProgress
  private let cancellation: Cancellation
  /// When all bytes admitted so far will have been paid for: ns of the monotonic clock.
  private let paid = Mutex<UInt64>(0)

  package init(_ bytesPerSecond: Int64?, _ progress: RunProgress, _ cancellation: Cancellation) {
    self.bytesPerSecond = bytesPerSecond.map(Double.init)
    self.progress = progress
    self.cancellation = cancellation
  }

  var isCancelled: Bool { cancellation.isCancelled }

  /// Waits until so many more bytes may be read; false when the run is to stop.
  func admit(_ bytes: Int) -> Bool {
    guard let bytesPerSecond else { return !isCancelled }
    let start = paid.withLock { paid in
      let start = max(paid, SystemClock.monotonic)
      paid = start &+ UInt64(Double(bytes) / bytesPerSecond * 1e9)
      return start
    }
    while !isCancelled {
      let now = SystemClock.monotonic
      if now >= start { return true }
      // Short naps, so that a signal is heard soon.
      SystemClock.pause(microseconds: UInt32(min(50_000, (start - now) / 1000 + 1)))
    }
    return false
  }

  /// Tells of bytes that were read.
  func read(_ bytes: Int) { progress.add(bytes: bytes) }

  /// Tells of a file that is done with.
  func finishedFile() { progress.addFile() }
}
