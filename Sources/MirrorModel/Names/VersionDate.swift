package import LinuxSystem

/// The name of a version: a day, `2026-06-28`, or a moment in UTC, `20260628T170302Z`.
///
/// A mirror may have both. They are ordered by time: a day stands for 00:00 UTC, and comes before the moment
/// of the same second.
public struct VersionDate: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  // A mirror has hundreds of thousands of these: forty bits are twice the seconds since the year 1, plus one for
  // a moment. Stored in five bytes, they need no more room in a `Version` than a day alone would.
  private let high: UInt32
  private let low: UInt8

  /// How versions are written, for remedies.
  package static let forms = "YYYY-MM-DD or YYYYMMDDTHHMMSSZ (UTC)"

  private static let secondsPerDay: Int64 = 86_400
  /// 0001-01-01 and 9999-12-31T23:59:59Z, in seconds since the epoch.
  private static let (first, last): (Int64, Int64) = (-62_135_596_800, 253_402_300_799)

  private var bits: Int64 { Int64(high) << 8 | Int64(low) }

  private init(clamping seconds: Int64, isMoment: Bool) {
    let bits = (min(max(seconds, Self.first), Self.last) - Self.first) * 2 + (isMoment ? 1 : 0)
    (high, low) = (UInt32(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits))
  }

  /// A day.
  public init(_ day: CalendarDate) {
    self.init(clamping: Int64(day.ordinal) * Self.secondsPerDay, isMoment: false)
  }

  /// The moment of a time in seconds since the epoch; the nearest one if the year has not four digits.
  public init(momentAt seconds: Int64) { self.init(clamping: seconds, isMoment: true) }

  /// Parses exactly `YYYY-MM-DD` or `YYYYMMDDTHHMMSSZ`; nil for other text, and for times that do not exist.
  public init?(_ bytes: some Collection<UInt8>) {
    if bytes.count == 10, let day = CalendarDate(bytes) {
      self.init(day)
      return
    }
    let bytes = Array(bytes)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
    let digits = [0..<4, 4..<6, 6..<8, 9..<11, 11..<13, 13..<15].compactMap {
      CalendarDate.decimal(bytes[$0])
    }
    guard digits.count == 6, let day = CalendarDate(year: digits[0], month: digits[1], day: digits[2]),
      digits[3] < 24, digits[4] < 60, digits[5] < 60
    else { return nil }
    self.init(momentAt: Self(day).seconds + Int64(digits[3] * 3600 + digits[4] * 60 + digits[5]))
  }

  /// The last version that is not in the future, at a time in seconds since the epoch.
  ///
  /// Clocks and time zones differ, so that a day may begin up to 26 hours later in UTC.
  public static func horizon(at now: Int64) -> VersionDate {
    let (limit, overflow) = now.addingReportingOverflow(26 * 3600)
    return VersionDate(momentAt: overflow ? now : limit)
  }

  /// The date that Metro assumes for a directory whose name is not a date.
  static let undated = VersionDate(CalendarDate.undated)

  /// Whether it is a moment, not a day.
  public var isMoment: Bool { low & 1 == 1 }

  /// Seconds since the epoch: of the moment, or of the day's 00:00 UTC.
  public var seconds: Int64 { (bits >> 1) + Self.first }

  /// The day, or the moment's day in UTC.
  public var day: CalendarDate { CalendarDate(utcDayOf: seconds) }

  /// The moment, or the start of the day in the local time zone (TZ), in seconds since the epoch.
  public var localStart: Int64 { isMoment ? seconds : day.localStart }

  /// `YYYY-MM-DD` or `YYYYMMDDTHHMMSSZ`.
  public var description: String {
    isMoment ? extended.filter { $0 != "-" && $0 != ":" } : extended
  }

  /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SSZ`, as other formats write dates.
  package var extended: String {
    let day = day.description
    guard isMoment else { return day }
    let second = Int((bits >> 1) % Self.secondsPerDay)
    let time = [second / 3600, second / 60 % 60, second % 60].map { CalendarDate.padded($0, 2) }
    return "\(day)T\(time.joined(separator: ":"))Z"
  }

  /// Encodes ``description``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Decodes `YYYY-MM-DD` or `YYYYMMDDTHHMMSSZ`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let date = VersionDate(try container.decode(String.self).utf8) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not \(Self.forms)")
    }
    self = date
  }

  /// By time.
  public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}

extension VersionDate {
  /// The date at the end of a name, after a `-`, and the length of the name before that; nil if there is none.
  static func atEnd(of name: [UInt8]) -> (date: VersionDate, prefix: Int)? {
    for length in [10, 16] where name.count > length + 1 {
      let prefix = name.count - length - 1
      if name[prefix] == UInt8(ascii: "-"), let date = VersionDate(name.suffix(length)) {
        return (date, prefix)
      }
    }
    return nil
  }

  /// The first date in a name.
  package static func first(in name: [UInt8]) -> VersionDate? {
    name.indices.lazy.compactMap {
      VersionDate(name[$0...].prefix(10)) ?? VersionDate(name[$0...].prefix(16))
    }
    .first
  }
}

extension CalendarDate {
  /// Days from a version's day to this day; negative if this day is earlier.
  public func days(since version: VersionDate) -> Int { days(since: version.day) }
}

extension FileName {
  /// Whether this name of a version comes before another: by time, or by name if one of them is not a date.
  package func isEarlierVersion(than other: FileName) -> Bool {
    let dates = (VersionDate(bytes) ?? .undated, VersionDate(other.bytes) ?? .undated)
    return dates.0 == dates.1 ? self < other : dates.0 < dates.1
  }
}
