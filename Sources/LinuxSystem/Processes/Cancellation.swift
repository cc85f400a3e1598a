import CLinux
package import Glibc
import Synchronization

/// Requests a run to stop between two atomic steps.
public final class Cancellation: Sendable {
  private let requested = Atomic<Int32>(0)
  /// Becomes readable when a stop is requested; invalid if no descriptor was left.
  private let event = Descriptor(owning: clinux_event())

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
  public func cancel(signal: Int32) {
    requested.store(signal, ordering: .releasing)
    clinux_raise_event(event.raw)
  }

  /// A descriptor that becomes readable when a stop is requested; negative if there is none, and then
  /// ``Waiting`` looks again every 50 ms.
  package var descriptor: Int32 { event.raw }

  /// Waits until a descriptor is ready, a stop is requested, or the deadline has passed.
  package func wait(
    for polled: inout [pollfd], until deadline: ContinuousClock.Instant? = nil
  ) -> Waiting.End {
    Waiting.wait(for: &polled, until: deadline, cancellation: self)
  }

  /// Waits until a time; false if a stop is requested, then at once.
  package func wait(until time: ContinuousClock.Instant) -> Bool {
    var none: [pollfd] = []
    return wait(for: &none, until: time) != .cancelled
  }

  /// Waits this many milliseconds; throws `interrupted` as soon as a stop is requested.
  package func wait(milliseconds: UInt32) throws(MirrorError) {
    _ = wait(until: .now + .milliseconds(Int64(milliseconds)))
    try check()
  }

  /// Throws `interrupted` if a stop is requested.
  package func check() throws(MirrorError) {
    if isCancelled {
      throw MirrorError(
        .interrupted, "interrupted", "finished work is kept", remedy: "run again to continue")
    }
  }
}
