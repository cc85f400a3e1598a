/// What is wrong with texts, all that was found at once.
public struct FlexDataError: Error, Sendable {
  /// In the order in which they were met; at least one.
  public let problems: [Problem]

  init(_ problems: [Problem]) { self.problems = problems }

  init(_ message: String, at place: Place?, hint: String? = nil, through chain: [Problem.Step] = []) {
    problems = [Problem(message: message, place: place, hint: hint, chain: chain)]
  }
}

/// One thing that is wrong.
public struct Problem: Sendable {
  /// An element or file on the way to the problem.
  public struct Step: Sendable {
    /// The element's name, or the file.
    public let name: String
    /// Where it is defined, or collected.
    public let place: Place?
  }

  /// What is wrong.
  public let message: String
  /// Where; nil for what stands in no text.
  public let place: Place?
  /// What to do.
  public let hint: String?
  /// What led there, the nearest first.
  public let chain: [Step]
  /// Whether it is that an element is not defined.
  public internal(set) var isUndefined = false
}

extension Problem: CustomStringConvertible {
  /// `file:line:column: message: hint`, then the line with a caret, then what led there.
  public var description: String {
    var text = place.map { "\($0.file):\($0.line):\($0.column): \(message)" } ?? message
    if let hint { text += ": \(hint)" }
    if let place {
      let number = String(place.line)
      // Tabs stay, so that the caret stands below its character however wide they are.
      let blank = String(place.text.prefix(place.column - 1).map { $0 == "\t" ? "\t" : " " })
      text += "\n  \(number) | \(place.text)\n  \(String(repeating: " ", count: number.count)) | \(blank)^"
    }
    for step in chain {
      text += "\n  in \(step.name)" + (step.place.map { " (\($0))" } ?? "")
    }
    return text
  }
}

extension FlexDataError: CustomStringConvertible {
  /// Its problems, one below the other.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
