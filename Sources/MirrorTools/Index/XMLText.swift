import CLibXML2

/// Characters and names allowed in XML 1.0.
enum XMLText {
  /// Whether all characters are allowed in XML.
  ///
  /// Source: XML 1.0, fifth edition, production 2 (`Char`).
  static func isValid(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
      default: false
      }
    }
  }

  /// Whether a name is a valid attribute name without a namespace.
  static func isAttributeName(_ name: String) -> Bool {
    guard isValid(name), name != "xmlns" else { return false }
    return name.withXMLString { xmlValidateNCName($0, 0) } == 0
  }
}

extension String {
  /// Calls `body` with the text as a libxml2 string; the text must not contain NUL.
  func withXMLString<Result>(_ body: (UnsafePointer<xmlChar>) -> Result) -> Result {
    withCString { text in
      text.withMemoryRebound(to: xmlChar.self, capacity: utf8.count + 1) { body($0) }
    }
  }
}
