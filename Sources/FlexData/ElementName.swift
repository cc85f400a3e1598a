/// What names are made of.
enum ElementName {
  /// The first character that no name can hold.
  static func flaw(in name: Substring) -> Substring.Index? {
    name.firstIndex { ":?[]$# \t".contains($0) || $0.isNewline }
  }
}
