import Logging

/// Logs the actions of a run; disabled unless the program sets a level below `info`.
package enum Log {
  private static let logger = Logger(label: "mirrorctl")

  /// Logs a step: a scan, a plan, a file written or removed, a program run.
  package static func step(_ text: @autoclosure () -> String) { logger.debug("\(text())") }

  /// The time since `start`, to the millisecond: `0.025 s`.
  package static func seconds(since start: ContinuousClock.Instant) -> String {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let thousandths = String(1000 + attoseconds / 1_000_000_000_000_000).dropFirst()
    return "\(seconds).\(thousandths) s"
  }

  /// Logs the reason for a decision, file by file.
  package static func detail(_ text: @autoclosure () -> String) { logger.trace("\(text())") }
}
