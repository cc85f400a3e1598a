import Logging

/// Writes the log of a run with `--verbose`.
struct LogOutput: LogHandler {
  let write: @Sendable (String) -> Void
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  /// - Parameter verbosity: the number of `--verbose` flags, at least 1.
  init(verbosity: Int, _ write: @escaping @Sendable (String) -> Void) {
    self.write = write
    logLevel = verbosity > 1 ? .trace : .debug
  }

  func log(event: LogEvent) { write("\(event.message)") }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
}
