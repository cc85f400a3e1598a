public import ArgumentParser
public import MirrorTools

/// Words of the command line that stand for quantities.
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
struct SubsetArgument: ExpressibleByArgument {
  let subset: VerifySubset

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    if let percent = Quantities.percent(argument), percent > 0 {
      subset = .fraction(percent / 100)
    } else if parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]), count <= 1_000_000,
      number >= 1, number <= count
    {
      subset = .part(number: number, of: count)
    } else if let bytes = Quantity.bytes(argument) {
      subset = .bytes(bytes)
    } else {
      return nil
    }
  }
}

/// `200M`.
struct BytesArgument: ExpressibleByArgument {
  let bytes: Int64

  init?(argument: String) {
    guard let bytes = Quantity.bytes(argument) else { return nil }
    self.bytes = bytes
  }
}

/// `30d`.
struct DaysArgument: ExpressibleByArgument {
  let days: Int

  init?(argument: String) {
    guard let days = RetentionPolicy.days(argument) else { return nil }
    self.days = days
  }
}

/// `20` or `10%`.
struct RemovalLimitArgument: ExpressibleByArgument {
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
