import LinuxSystem

/// A terminal to which results go.
struct Screen {
  /// Its width in characters.
  let columns: Int
  /// Whether text may be coloured.
  let hasColor: Bool

  init(columns: Int, hasColor: Bool) {
    self.columns = columns
    self.hasColor = hasColor
  }

  /// The terminal of standard output; nil if it is none.
  ///
  /// A value of `NO_COLOR`, or `TERM=dumb`, means no colour (no-color.org).
  init?(_ environment: [String: String]) {
    guard StandardStream.output.isTerminal else { return nil }
    columns = StandardStream.output.size?.columns ?? 80
    hasColor = environment["NO_COLOR"] ?? "" == "" && environment["TERM"] ?? "dumb" != "dumb"
  }
}
