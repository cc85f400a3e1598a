/// `$[name]`, `$[name?]`, `$[name:zap]` or `$[name:lax]`.
struct Reference {
  enum Mode {
    case strict
    /// `:lax`: an undefined element is empty.
    case lax
    /// `:zap`: an undefined or blank element removes the line.
    case zap
    /// `?`: yes or no.
    case question
  }

  let name: String
  let mode: Mode

  /// - Parameter text: the text in the brackets.
  init(_ text: Substring, section: String?, at place: @autoclosure () -> Place) throws(FlexDataError) {
    var rest = text
    // `$[]` and `$[:x]`, with or without a mode.
    let isOwn = text.isEmpty || text.utf8.first == UInt8(ascii: ":") || text == "?"
    if text.utf8.first == UInt8(ascii: ":") { rest = Substring(rest.utf8.dropFirst()) }
    var mode = Mode.strict
    if rest.utf8.last == UInt8(ascii: "?") {
      mode = .question
      rest = Substring(rest.utf8.dropLast())
    }
    if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")) {
      switch Substring(rest.utf8[colon...].dropFirst()) {
      case "zap": mode = mode == .question ? .question : .zap
      case "lax": mode = mode == .question ? .question : .lax
      case let other:
        throw FlexDataError("unknown mode `\(other)`", at: place(), hint: "use zap or lax")
      }
      rest = rest[..<colon]
    }
    self.mode = mode
    if let bad = ElementName.flaw(in: rest) {
      throw FlexDataError(
        "`\(rest[bad])` cannot be part of a name", at: place(), hint: "write `$[NAME]`, or `$ [` for a shell")
    }
    guard isOwn else {
      name = String(rest)
      return
    }
    guard let section else {
      throw FlexDataError(
        "`$[\(text)]` is not in a section", at: place(), hint: "write the element's full name")
    }
    name = rest.isEmpty ? section : "\(section)/\(rest)"
  }
}
