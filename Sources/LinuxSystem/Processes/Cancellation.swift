import Glibc
import Synchronization

/// Requests a run to stop between two atomic steps.
public final class Cancellation: Sendable {
  private let requested = Atomic<Int32>(0)

  /// Not cancelled.
  public init() {}

  /// The signal that requested the stop, if any.
  public var signal: Int32? {
    let number = requested.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  /// Whether a stop is requested.
  public var isCancelled: Bool { signal != nil }

  /// Requests a stop because of a signal.
  public func cancel(signal: Int32) { requested.store(signal, ordering: .releasing) }

  /// Waits up to this many milliseconds; throws `interrupted` as soon as a stop is requested.
  package func wait(milliseconds: UInt32) throws(MirrorError) {
    for _ in 0..<(milliseconds / 50) {
      try check()
      usleep(50_000)
    }
    try check()
  }

  /// Throws `interrupted` if a stop is requested.
  package func check() throws(MirrorError) {
    if isCancelled {
      throw MirrorError(
        .interrupted, "mirrorctl", "interrupted: finished work is kept", remedy: "run again to continue")
    }
  }
}
