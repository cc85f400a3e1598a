import LinuxSystem

/// A line of a result, without its line end.
public struct ReportLine: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// Bytes, since a name on the disk may not be valid UTF-8.
  public let bytes: [UInt8]
  /// Whether the user asked for this line, or it reports a problem: `--quiet` does not suppress it.
  public let isEssential: Bool

  /// Creates a line from bytes.
  public init(bytes: [UInt8], isEssential: Bool = false) {
    self.bytes = bytes
    self.isEssential = isEssential
  }

  /// Creates a line from text.
  public init(_ text: String, isEssential: Bool = false) {
    self.init(bytes: Array(text.utf8), isEssential: isEssential)
  }

  /// The text of the line.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// Creates a line that is not essential.
  public init(stringLiteral text: String) { self.init(text) }
}

extension [String] {
  /// The same as essential lines.
  public var asEssentialLines: [ReportLine] { map { ReportLine($0, isEssential: true) } }
}
