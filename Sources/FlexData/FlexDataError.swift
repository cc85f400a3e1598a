/// All problems found in texts.
public struct FlexDataError: Error, Sendable {
  /// In the order in which they were found; at least one.
  public let problems: [Problem]
  /// Set if nothing is wrong but an expansion must pause; it never leaves the library.
  let suspension: Suspension?

  init(_ problems: [Problem]) {
    self.problems = problems
    suspension = nil
  }

  init(_ suspension: Suspension) {
    problems = []
    self.suspension = suspension
  }

  init(_ message: String, at place: Place?, hint: String? = nil, through chain: [Problem.Step] = []) {
    self.init([Problem(message: message, place: place, hint: hint, chain: chain)])
  }

  /// The same error, with a chain of steps that led to it.
  func through(_ chain: [Problem.Step]) -> FlexDataError {
    FlexDataError(problems.map { $0.through(chain) })
  }
}

extension FlexDataError: CustomStringConvertible {
  /// Its problems, one below the other.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
