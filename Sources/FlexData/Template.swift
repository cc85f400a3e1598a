/// A text with references.
struct Template {
  enum Part {
    case text(Substring)
    case reference(Reference)
  }

  private(set) var parts: [Part] = []

  /// Finds the references of a line; `$[[` is text.
  init(_ text: Substring, section: String?, at place: Place) throws(FlexDataError) {
    let bytes = text.utf8
    var start = text.startIndex
    var index = text.startIndex
    while let dollar = bytes[index...].firstIndex(of: UInt8(ascii: "$")) {
      let bracket = bytes.index(after: dollar)
      guard bracket < bytes.endIndex, bytes[bracket] == UInt8(ascii: "[") else {
        index = bracket
        continue
      }
      let name = bytes.index(after: bracket)
      if name < bytes.endIndex, bytes[name] == UInt8(ascii: "[") {
        index = bytes.index(after: name)
        continue
      }
      // Characters are counted only where something refers to them.
      let here = place.moved(to: place.column + text.distance(from: text.startIndex, to: dollar))
      guard let end = bytes[name...].firstIndex(of: UInt8(ascii: "]")) else {
        throw FlexDataError("`$[` is not closed", at: here, hint: "write `$[NAME]`")
      }
      if start < dollar { parts.append(.text(text[start..<dollar])) }
      parts.append(.reference(try Reference(text[name..<end], section: section, at: here)))
      index = bytes.index(after: end)
      start = index
    }
    if start < text.endIndex { parts.append(.text(text[start...])) }
  }
}

/// `$[name]`, `$[name?]`, `$[name:zap]` or `$[name:lax]`.
struct Reference {
  enum Mode {
    case strict
    /// `:lax`: the undefined is empty.
    case lax
    /// `:zap`: the undefined or blank takes its line away.
    case zap
    /// `?`: yes or no.
    case question
  }

  let name: String
  let mode: Mode
  let place: Place

  init(_ text: Substring, section: String?, at place: Place) throws(FlexDataError) {
    var rest = text
    var mode = Mode.strict
    if rest.hasSuffix("?") {
      mode = .question
      rest = rest.dropLast()
    }
    let isOwn = rest.isEmpty || rest.hasPrefix(":")
    if isOwn { rest = rest.dropFirst() }
    if let colon = rest.firstIndex(of: ":") {
      switch rest[rest.index(after: colon)...] {
      case "zap": mode = mode == .question ? .question : .zap
      case "lax": mode = mode == .question ? .question : .lax
      case let other:
        throw FlexDataError("there is no mode `\(other)`", at: place, hint: "there are zap and lax")
      }
      rest = rest[..<colon]
    }
    if isOwn {
      guard let section else {
        throw FlexDataError(
          "`$[\(text)]` stands in no section", at: place, hint: "write the element's whole name")
      }
      name = rest.isEmpty ? section : "\(section)/\(rest)"
    } else {
      name = String(rest)
    }
    self.mode = mode
    self.place = place
  }
}
