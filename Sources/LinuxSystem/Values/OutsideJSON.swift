import FoundationEssentials

/// Decodes JSON that may have been written by another program or host.
package enum OutsideJSON {
  /// The maximum nesting of arrays and objects: a decoder uses the stack for each level.
  package static let depth = 32

  /// The value; nil if the text is not valid JSON in UTF-8, has another form, or is nested too deeply.
  package static func decode<Value: Decodable>(_: Value.Type, from text: [UInt8]) -> Value? {
    guard isShallow(text) else { return nil }
    return try? JSONDecoder().decode(Value.self, from: Data(text))
  }

  private static func isShallow(_ text: [UInt8]) -> Bool {
    var (depth, isInString, isEscaped) = (0, false, false)
    for byte in text {
      switch byte {
      // Only other encodings contain it, and they could hide brackets.
      case 0: return false
      case _ where isEscaped: isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = isInString
      case UInt8(ascii: "\""): isInString.toggle()
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += isInString ? 0 : 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= isInString ? 0 : 1
      default: break
      }
      guard depth <= Self.depth else { return false }
    }
    return true
  }
}
