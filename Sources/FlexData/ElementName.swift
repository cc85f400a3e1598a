/// The characters of names.
enum ElementName {
  /// The position of the first character that is not allowed in names, such as blanks and control characters.
  static func flaw(in name: Substring) -> Substring.Index? {
    // By bytes: this is called for every reference.
    name.utf8.firstIndex { byte in
      switch byte {
      case 0...0x20, 0x7f: true
      case UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "$"),
        UInt8(ascii: "#"):
        true
      default: false
      }
    }
  }
}
