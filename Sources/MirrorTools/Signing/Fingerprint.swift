/// A key's whole fingerprint, which nobody can imitate as one can a short id.
public struct Fingerprint: Hashable, Sendable, Encodable, CustomStringConvertible {
  /// 40 or 64 hexadecimal digits in upper case.
  public let description: String

  /// Of 40 or 64 digits in any case, with `0x` before them or spaces among them; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let digits = Self.digits(of: text)
    guard digits.count == 40 || digits.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
    description = digits
  }

  /// Whether text is a key id: too short to tell keys apart.
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
