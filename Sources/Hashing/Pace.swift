package import LinuxSystem
import Synchronization

/// The read rate, progress and cancellation that the threads of a run share.
package final class Pace: Sendable {
  private let bytesPerSecond: Double?
  private let progress: RunProgress
  private let cancellation: Cancellation
  /// The time until which the rate limit is used up by admitted bytes, in ns of the monotonic clock.
  private let paid = Mutex<UInt64>(0)

  package init(_ bytesPerSecond: Int64?, _ progress: RunProgress, _ cancellation: Cancellation) {
    self.bytesPerSecond = bytesPerSecond.map(Double.init)
    self.progress = progress
    self.cancellation = cancellation
  }

  var isCancelled: Bool { cancellation.isCancelled }

  /// Waits until this many more bytes may be read; false if the run is to stop.
  func admit(_ bytes: Int) -> Bool {
    guard let bytesPerSecond else { return !isCancelled }
    let start = paid.withLock { paid in
      let start = max(paid, SystemClock.monotonic)
      paid = start &+ UInt64(Double(bytes) / bytesPerSecond * 1e9)
      return start
    }
    let now = SystemClock.monotonic
    guard now < start else { return !isCancelled }
    return cancellation.wait(until: .now + .nanoseconds(Int64(clamping: start - now)))
  }

  /// Reports bytes that were read.
  func read(_ bytes: Int) { progress.add(bytes: bytes) }

  /// Reports a finished file.
  func finishedFile() { progress.addFile() }
}
