import Logging

/// What a run does, for somebody who looks on; nobody is told unless the program has set a level below `info`.
package enum Log {
  private static let logger = Logger(label: "mirrorctl")

  /// Tells of a step: a scan, a plan, a file that was written or removed, a program that was run.
  package static func step(_ text: @autoclosure () -> String) { logger.debug("\(text())") }

  /// Tells why something was decided, file by file.
  package static func detail(_ text: @autoclosure () -> String) { logger.trace("\(text())") }
}
