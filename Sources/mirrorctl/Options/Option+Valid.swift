import ArgumentParser

/// Options whose errors say what is valid.
///
/// The next word is the value even if it begins with a dash, so that an error about -1 says so, too.
extension Option {
  /// An option without a default value.
  init(name: NameSpecification = .long, in range: ClosedRange<Int>, help: ArgumentHelp) where Value == Int? {
    self.init(name: name, parsing: .unconditional, help: help) { try wholeNumber($0, in: range) }
  }

  /// An option with a default value.
  init(
    wrappedValue: Int, name: NameSpecification = .long, in range: ClosedRange<Int>, help: ArgumentHelp
  ) where Value == Int {
    self.init(wrappedValue: wrappedValue, name: name, parsing: .unconditional, help: help) {
      try wholeNumber($0, in: range)
    }
  }
}

/// A value of the command line. An error about another one says what is valid.
protocol DescribedArgument: ExpressibleByArgument {
  /// What to use, e.g. `a number of days, e.g. 30d`.
  static var valid: String { get }
}

extension DescribedArgument {
  init(reading text: String) throws {
    guard let value = Self(argument: text) else { throw ValidationError("use \(Self.valid).") }
    self = value
  }
}

extension Option {
  init<Described: DescribedArgument>(
    name: NameSpecification = .long, of type: Described.Type, help: ArgumentHelp,
    completion: CompletionKind? = nil
  ) where Value == Described? {
    self.init(name: name, parsing: .unconditional, help: help, completion: completion) {
      try Described(reading: $0)
    }
  }

  init<Described: DescribedArgument>(
    wrappedValue: [Described], name: NameSpecification = .long, of type: Described.Type, help: ArgumentHelp
  ) where Value == [Described] {
    self.init(wrappedValue: wrappedValue, name: name, help: help) { try Described(reading: $0) }
  }
}

private func wholeNumber(_ text: String, in range: ClosedRange<Int>) throws -> Int {
  guard let number = Int(text), range.contains(number) else {
    throw ValidationError("use a whole number from \(range.lowerBound) to \(range.upperBound).")
  }
  return number
}
