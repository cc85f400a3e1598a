/// One thing that is wrong.
public struct Problem: Sendable {
  /// What led to a problem.
  public enum Step: Sendable {
    /// An element that is defined there.
    case element(String, Place)
    /// A file that is collected there.
    case file(Place)
  }

  /// What is wrong.
  public let message: String
  /// Where; nil for what stands in no text.
  public let place: Place?
  /// What to do.
  public let hint: String?
  /// What led there, the nearest first.
  public let chain: [Step]
  /// The element that is not defined, if that is wrong.
  public let missing: String?

  init(
    message: String, place: Place?, hint: String? = nil, chain: [Step] = [], missing: String? = nil
  ) {
    self.message = message
    self.place = place
    self.hint = hint
    self.chain = chain
    self.missing = missing
  }

  func through(_ chain: [Step]) -> Problem {
    Problem(message: message, place: place, hint: hint, chain: self.chain + chain, missing: missing)
  }
}

extension Problem: CustomStringConvertible {
  /// `file:line:column: message: hint`, then the line with a caret, then what led there.
  public var description: String {
    var text = place.map { "\($0.file):\($0.line):\($0.column): \(message)" } ?? message
    if let hint { text += ": \(hint)" }
    if let place { text += "\n" + Self.excerpt(place) }
    for step in chain.map(\.description).shortened({ "... \($0) more" }) { text += "\n  \(step)" }
    return Self.printable(text)
  }

  /// A text that does nothing to a terminal.
  private static func printable(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t" ? "\u{fffd}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// A part of a line this long is shown.
  private static let width = 160

  /// The line with a caret below the place.
  private static func excerpt(_ place: Place) -> String {
    let number = String(place.line)
    let cut = max(0, place.column - width / 2)
    let before = String(place.text.prefix(place.column - 1).dropFirst(cut))
    let after = place.text.dropFirst(place.column - 1).prefix(width - before.count)
    // Tabs stay, so that the caret stands below its character however wide they are.
    let blank = String(before.map { $0 == "\t" ? "\t" : " " })
    let margin = String(repeating: " ", count: number.count)
    return "  \(number) | \(before)\(after)\n  \(margin) | \(blank)^"
  }
}

extension Problem.Step: CustomStringConvertible {
  /// As it stands below a message.
  public var description: String {
    switch self {
    case .element(let name, let place): "in `\(name)` (\(place))"
    case .file(let place): "collected by \(place)"
    }
  }
}

extension [String] {
  /// The first and the last of many, and between them how many are left out.
  func shortened(_ left: (Int) -> String) -> [String] {
    count > 20 ? prefix(10) + [left(count - 15)] + suffix(5) : self
  }
}
