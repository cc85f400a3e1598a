import LinuxSystem

/// A line of a result, without its end.
public struct ReportLine: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// Bytes, since a name on the disk need not be UTF-8.
  public let bytes: [UInt8]
  /// Whether it is what was asked for, or tells of something that is wrong: it is printed also where only that is
  /// wanted.
  public let isEssential: Bool

  /// A line of bytes.
  public init(bytes: [UInt8], isEssential: Bool = false) {
    self.bytes = bytes
    self.isEssential = isEssential
  }

  /// A line of text.
  public init(_ text: String, isEssential: Bool = false) {
    self.init(bytes: Array(text.utf8), isEssential: isEssential)
  }

  /// Its text.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// A line that is not essential.
  public init(stringLiteral text: String) { self.init(text) }
}

extension [String] {
  /// Lines of what was asked for.
  public var asEssentialLines: [ReportLine] { map { ReportLine($0, isEssential: true) } }
}
