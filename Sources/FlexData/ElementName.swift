/// What names are made of.
enum ElementName {
  /// Where the first character stands that no name can hold; blanks and control characters are such.
  static func flaw(in name: Substring) -> Substring.Index? {
    // By bytes: this is asked of every reference.
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
