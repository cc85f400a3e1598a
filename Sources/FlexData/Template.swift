/// A text with references, parsed from start to end; `$[[` is text.
struct Template {
  enum Part {
    case text(Substring)
    case reference(Reference, at: Substring.Index)
  }

  let text: Substring
  let section: String?
  /// The position of the text.
  let place: Place
  private var index: Substring.Index

  init(_ text: Substring, section: String?, at place: Place) {
    self.text = text
    self.section = section
    self.place = place
    index = text.startIndex
  }

  /// The next part; nil at the end.
  mutating func next() throws(FlexDataError) -> Part? {
    guard index < text.endIndex else { return nil }
    let start = index
    guard let dollar = Self.reference(in: text[start...]) else {
      index = text.endIndex
      return .text(text[start...])
    }
    guard dollar == start else {
      index = dollar
      return .text(text[start..<dollar])
    }
    let inner = Substring(text.utf8[start...].dropFirst(2))
    guard let end = inner.utf8.firstIndex(of: UInt8(ascii: "]")) else {
      throw FlexDataError("`$[` is not closed", at: place(at: start), hint: "write `$[NAME]`")
    }
    index = text.utf8.index(after: end)
    return .reference(try Reference(inner[..<end], section: section, at: place(at: start)), at: start)
  }

  // Characters are counted only for a message.
  func place(at index: Substring.Index) -> Place { place.moved(after: text[..<index]) }

  /// The position of the first reference.
  static func reference(in text: Substring) -> Substring.Index? {
    let bytes = text.utf8
    var rest = bytes
    while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
      rest = bytes[dollar...].dropFirst()
      guard rest.first == UInt8(ascii: "[") else { continue }
      rest = rest.dropFirst()
      if rest.first != UInt8(ascii: "[") { return dollar }
    }
    return nil
  }
}
