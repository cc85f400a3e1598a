/// The full fingerprint of a key, which cannot be imitated, unlike a short id.
public struct Fingerprint: Hashable, Sendable, Encodable, CustomStringConvertible {
  /// 40 or 64 hexadecimal digits in upper case.
  public let description: String

  /// Parses 40 or 64 digits in any case, optionally with `0x` before them or spaces between them; nil for
  /// other text.
  public init?(_ text: some StringProtocol) {
    let digits = Self.digits(of: text)
    guard digits.count == 40 || digits.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
    description = digits
  }

  /// Whether a text is a key id, which is too short to identify a key.
  static func isShort(_ text: some StringProtocol) -> Bool {
    let digits = digits(of: text)
    return (4..<40).contains(digits.count) && digits.allSatisfy(\.isHexDigit)
  }

  private static func digits(of text: some StringProtocol) -> String {
    let digits = text.uppercased().filter { $0 != " " && $0 != "\t" }
    return digits.hasPrefix("0X") ? String(digits.dropFirst(2)) : digits
  }

  /// Encodes the digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
