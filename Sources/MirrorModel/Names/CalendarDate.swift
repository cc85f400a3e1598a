import LinuxSystem

/// A day of the Gregorian calendar, `YYYY-MM-DD`.
public struct CalendarDate: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// The date's digits as a number: 20261120.
  private let digits: Int32

  /// The year, 1 to 9999.
  public var year: Int { Int(digits) / 10_000 }
  /// The month, 1 to 12.
  public var month: Int { Int(digits) / 100 % 100 }
  /// The day of the month, from 1.
  public var day: Int { Int(digits) % 100 }

  /// A day that exists; nil otherwise.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= Self.days(in: month, of: year)
    else { return nil }
    self.init(unchecked: year, month, day)
  }

  /// Parses exactly `YYYY-MM-DD`.
  public init?(_ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      let year = Self.decimal(bytes[0..<4]), let month = Self.decimal(bytes[5..<7]),
      let day = Self.decimal(bytes[8..<10])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// The date that Metro assumes for a directory whose name is not a date.
  static let undated = CalendarDate(unchecked: 1980, 1, 1)

  private init(unchecked year: Int, _ month: Int, _ day: Int) {
    digits = Int32(year * 10_000 + month * 100 + day)
  }

  private init(clamping parts: CivilDay.Parts) {
    self.init(unchecked: min(9999, max(1, parts.year)), parts.month, parts.day)
  }

  /// The local day (TZ) of a time in seconds since the epoch.
  public init(localDayOf seconds: Int64) {
    self.init(clamping: CivilDay.local(seconds))
  }

  /// The day in UTC of a time in seconds since the epoch.
  init(utcDayOf seconds: Int64) {
    self.init(clamping: CivilDay.utc(seconds))
  }

  /// The start of the day in the local time zone (TZ), in seconds since the epoch.
  public var localStart: Int64 { CivilDay.localStart((year, month, day)) }

  /// Days since 1970-01-01.
  ///
  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
  public var ordinal: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The Monday of this day's week, as days since 1970-01-01 (a Thursday).
  package var weekOrdinal: Int { Int(((Double(ordinal) + 3) / 7).rounded(.down)) }

  /// Days from `earlier` to this day; negative if this day is earlier.
  public func days(since earlier: CalendarDate) -> Int { ordinal - earlier.ordinal }

  /// `YYYY-MM-DD`.
  public var description: String {
    "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
  }

  /// Encodes ``description``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Decodes `YYYY-MM-DD`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let date = CalendarDate(try container.decode(String.self).utf8) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date YYYY-MM-DD")
    }
    self = date
  }

  /// Chronological order.
  public static func < (left: Self, right: Self) -> Bool {
    left.digits < right.digits
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
    digits.reduce(0 as Int?) { value, digit in
      guard let value, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      return value * 10 + Int(digit - UInt8(ascii: "0"))
    }
  }

  /// The number with zeros in front of it, up to this width.
  package static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
