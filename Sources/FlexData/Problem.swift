/// One error in a text.
public struct Problem: Sendable {
  /// A step that led to a problem.
  public enum Step: Sendable {
    /// An element that is defined there.
    case element(String, Place)
    /// A file that is collected there.
    case file(Place)
  }

  /// What is wrong.
  public let message: String
  /// Its position; nil if it is not in a text.
  public let place: Place?
  /// How to fix it.
  public let hint: String?
  /// The steps that led to it, the nearest first.
  public let chain: [Step]
  /// The element that contains the problem, if it is in one.
  public var element: String? {
    for case .element(let name, _) in chain { return name }
    return nil
  }

  /// The undefined element, if that is the problem.
  public let missing: String?
  /// The path of the file that cannot be read, if that is the problem.
  public let unreadable: String?

  init(
    message: String, place: Place?, hint: String? = nil, chain: [Step] = [], missing: String? = nil,
    unreadable: String? = nil
  ) {
    self.message = message
    self.place = place
    self.hint = hint
    self.chain = chain
    self.missing = missing
    self.unreadable = unreadable
  }

  func through(_ chain: [Step]) -> Problem {
    Problem(
      message: message, place: place, hint: hint, chain: self.chain + chain, missing: missing,
      unreadable: unreadable)
  }
}

extension Problem: CustomStringConvertible {
  /// `file:line:column: message: hint`, then the line with a caret, then the chain of steps.
  public var description: String {
    var text = place.map { "\($0.file):\($0.line):\($0.column): \(message)" } ?? message
    if let hint { text += ": \(hint)" }
    if let place { text += "\n" + Self.excerpt(place) }
    for step in chain.map(\.description).shortened({ "... \($0) more" }) { text += "\n  \(step)" }
    return Self.printable(text)
  }

  /// A text that is safe for a terminal.
  private static func printable(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t" ? "\u{fffd}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// Maximum length of the line excerpt.
  private static let width = 160

  /// The line with a caret below the position.
  private static func excerpt(_ place: Place) -> String {
    let number = String(place.line)
    let cut = max(0, place.column - width / 2)
    let before = String(place.text.prefix(place.column - 1).dropFirst(cut))
    let after = place.text.dropFirst(place.column - 1).prefix(width - before.count)
    // Tabs are kept, so that the caret is below its character whatever the tab width.
    let blank = String(before.map { $0 == "\t" ? "\t" : " " })
    let margin = String(repeating: " ", count: number.count)
    return "  \(number) | \(before)\(after)\n  \(margin) | \(blank)^"
  }
}

extension Problem.Step: CustomStringConvertible {
  /// The line below a message.
  public var description: String {
    switch self {
    case .element(let name, let place): "in `\(name)` (\(place))"
    case .file(let place): "collected by \(place)"
    }
  }
}

extension [String] {
  /// The first and the last of many, with the number of omitted ones between them.
  func shortened(_ left: (Int) -> String) -> [String] {
    count > 20 ? prefix(10) + [left(count - 15)] + suffix(5) : self
  }
}
