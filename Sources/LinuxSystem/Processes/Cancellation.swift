import Glibc
import Synchronization

/// Asks a run to stop between two atomic steps.
public final class Cancellation: Sendable {
  private let requested = Atomic<Int32>(0)

  /// Not cancelled.
  public init() {}

  /// The signal that asked, if one did.
  public var signal: Int32? {
    let number = requested.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  /// Whether to stop.
  public var isCancelled: Bool { signal != nil }

  /// Asks to stop because of a signal.
  public func cancel(signal: Int32) { requested.store(signal, ordering: .releasing) }

  /// Waits so long, or until a stop is asked for, and throws `interrupted` then.
  package func wait(milliseconds: UInt32) throws(MirrorError) {
    for _ in 0..<(milliseconds / 50) {
      try check()
      usleep(50_000)
    }
    try check()
  }

  /// Throws `interrupted` once a stop is asked for.
  package func check() throws(MirrorError) {
    if isCancelled {
      throw MirrorError(
        .interrupted, "mirrorctl", "interrupted: what was finished stays", remedy: "run again to go on")
    }
  }
}
