import CLinux
package import Glibc
import SystemPackage

/// Waits for descriptors, a stop and a deadline at the same time.
package enum Waiting {
  /// What ended a wait. Descriptors may be ready in every case, as their `revents` show.
  package enum End {
    case ready
    case cancelled
    case late
  }

  /// How often to look again if there is nothing to wait for.
  private static let tick = Duration.milliseconds(50)

  /// `poll(2)` of these descriptors and the cancellation's.
  package static func wait(
    for polled: inout [pollfd], until deadline: ContinuousClock.Instant?, cancellation: Cancellation?
  ) -> End {
    let stop = cancellation?.descriptor ?? -1
    let isBlind = cancellation != nil && stop < 0
    for index in polled.indices { polled[index].revents = 0 }
    polled.append(pollfd(reading: stop))
    defer { polled.removeLast() }
    while true {
      if let cancellation, cancellation.isCancelled { return .cancelled }
      let rest = deadline.map { max(.zero, $0 - .now) }
      let limit = isBlind ? min(rest ?? tick, tick) : rest
      let ready = clinux_poll(&polled, polled.count, limit.map(nanoseconds) ?? -1)
      // The kernel had no memory for it, or a signal arrived.
      if ready < 0, lastErrno() != .interrupted { usleep(50_000) }
      if let cancellation, cancellation.isCancelled { return .cancelled }
      if let deadline, deadline <= .now { return .late }
      if ready > 0 { return .ready }
    }
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return min(seconds, 1 << 31) * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

extension pollfd {
  /// An entry that waits until there is something to read; one with a negative descriptor is ignored.
  package init(reading file: Int32) { self.init(fd: file, events: Int16(POLLIN), revents: 0) }

  /// Reads what is available, if the last wait found something; nothing at the end, after which the entry is
  /// ignored.
  package mutating func received() -> ArraySlice<UInt8> {
    guard fd >= 0, revents != 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let file = fd
    let count = (try? retrying { read(file, &buffer, buffer.count) }) ?? 0
    if count <= 0 { fd = -1 }
    return buffer[..<max(0, count)]
  }
}
