/// What is wrong with texts, all that was found at once.
public struct FlexDataError: Error, Sendable {
  /// In the order in which they were met; at least one.
  public let problems: [Problem]

  init(_ problems: [Problem]) { self.problems = problems }

  init(_ message: String, at place: Place?, hint: String? = nil, through chain: [Problem.Step] = []) {
    problems = [Problem(message: message, place: place, hint: hint, chain: chain)]
  }

  /// The same, met on the way of a chain.
  func through(_ chain: [Problem.Step]) -> FlexDataError {
    FlexDataError(problems.map { $0.through(chain) })
  }
}

extension FlexDataError: CustomStringConvertible {
  /// Its problems, one below the other.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
