import ArgumentParser

/// Options whose value is a whole number in a range.
///
/// The next word is the value even if it begins with a dash, so that an error about -1 names the range.
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

private func wholeNumber(_ text: String, in range: ClosedRange<Int>) throws -> Int {
  guard let number = Int(text), range.contains(number) else {
    throw ValidationError("use a whole number from \(range.lowerBound) to \(range.upperBound).")
  }
  return number
}
