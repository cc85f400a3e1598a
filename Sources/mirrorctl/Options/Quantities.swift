import MirrorModel
import LinuxSystem
public import ArgumentParser
import MirrorTools

/// Parses quantities of the command line.
enum Quantities {
  /// `5%`.
  static func percent(_ text: String) -> Double? {
    guard text.hasSuffix("%"), let value = Double(text.dropLast()), value >= 0, value <= 100 else {
      return nil
    }
    return value
  }
}

/// `5%`, `2/7` or `50G`.
struct SubsetArgument: DescribedArgument {
  static let valid = "a percentage such as 5%, a size such as 50G, or a part such as 2/7"
  let subset: VerifySubset

  init?(argument: String) {
    guard let subset = VerifySubset(argument) else { return nil }
    self.subset = subset
  }
}

/// `200M`.
struct BytesArgument: DescribedArgument {
  static let valid = "a number of bytes above 0, such as 1000, 512K, 200M, 50G or 1T"
  let bytes: Int64

  init?(argument: String) {
    guard let bytes = Quantity.bytes(argument) else { return nil }
    self.bytes = bytes
  }
}

/// `30d`.
struct DaysArgument: DescribedArgument {
  static let valid = "a number of days, weeks or years, such as 30d, 8w or 2y"
  let days: Int

  init?(argument: String) {
    guard let days = RetentionPolicy.days(argument) else { return nil }
    self.days = days
  }
}

/// `20` or `10%`.
struct RemovalLimitArgument: DescribedArgument {
  static let valid = "a number such as 20, or a percentage such as 10%"
  let limit: RemovalLimit

  init?(argument: String) {
    if let percent = Quantities.percent(argument) {
      limit = .percent(percent)
    } else if let count = Int(argument), count >= 0 {
      limit = .count(count)
    } else {
      return nil
    }
  }
}

extension Compression: ExpressibleByArgument {}

/// Parses `a,b` as values of an enumeration.
func parseList<Value: RawRepresentable & CaseIterable>(
  _ text: String, _ noun: String
) throws -> [Value] where Value.RawValue == String {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
    guard let value = Value(rawValue: String(word)) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("unknown \(noun) `\(word)`. Use one or more of: \(known).")
    }
    return value
  }
}

/// `2026-11-22`, `20261122T170302Z` or `30d`.
struct TimeArgument: DescribedArgument {
  static let valid = "a date such as 2026-11-22 or 20261122T170302Z, or a number of days such as 30d"
  private let date: VersionDate?
  private let days: Int

  init?(argument: String) {
    date = VersionDate(argument.utf8)
    guard let days = date == nil ? RetentionPolicy.days(argument) : 0 else { return nil }
    self.days = days
  }

  /// Seconds since the epoch; `now` is the present.
  func seconds(at now: Int64) -> Int64 {
    if let date { return date.localStart }
    let (span, overflow) = Int64(days).multipliedReportingOverflow(by: 86_400)
    return overflow ? .min : now - span
  }
}

/// `2026-11-22` or `20261122T170302Z`.
struct DateArgument: DescribedArgument {
  static let valid = "a date such as 2026-11-22 or 20261122T170302Z"
  let date: VersionDate

  init?(argument: String) {
    guard let date = VersionDate(Array(argument.utf8)) else { return nil }
    self.date = date
  }
}
