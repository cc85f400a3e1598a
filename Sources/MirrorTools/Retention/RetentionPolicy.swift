import MirrorModel

/// Which versions and snapshots to keep; a version is kept if any rule keeps it.
public struct RetentionPolicy: Sendable, Hashable {
  /// Number of newest complete versions, at least 1.
  public var keep = 3
  /// Versions at most this many days older than the newest; 0 for no such rule.
  public var withinDays = 0
  /// Number of days for which the newest version is kept; likewise for weeks (from Monday), months and years.
  public var daily = 0
  /// See ``daily``.
  public var weekly = 0
  /// See ``daily``.
  public var monthly = 0
  /// See ``daily``.
  public var yearly = 0
  /// Age in days from which an incomplete version counts as abandoned.
  public var staleDays = 3

  /// Keeps the newest three versions.
  public init() {}

  /// `30d`, `6w`, `1y`, `30` as days; nil for other text.
  package static func days(_ text: String) -> Int? {
    let factors: [Character: Int] = ["d": 1, "w": 7, "y": 365]
    let factor = text.last.flatMap { factors[$0] }
    guard let count = Int(factor == nil ? text : String(text.dropLast())), (1...100_000).contains(count)
    else { return nil }
    return count * (factor ?? 1)
  }

  /// Why each of these dates is kept; `dates` are distinct, newest first.
  ///
  /// The calendar rules work like those of `restic forget`: each starts at the newest date and keeps the
  /// first date of every new period, up to its number.
  func reasons(for dates: [VersionDate]) -> [VersionDate: [String]] {
    var reasons: [VersionDate: [String]] = [:]
    for date in dates.prefix(max(1, keep)) {
      reasons[date, default: []].append("one of the newest \(max(1, keep))")
    }
    if withinDays > 0, let newest = dates.first {
      for date in dates where (newest.seconds - date.seconds + 86_399) / 86_400 <= withinDays {
        reasons[date, default: []].append("within \(withinDays) days of the newest")
      }
    }
    let rules: [(count: Int, name: String, period: (CalendarDate) -> Int)] = [
      (daily, "daily", { $0.ordinal }), (weekly, "weekly", { $0.weekOrdinal }),
      (monthly, "monthly", { $0.year * 12 + $0.month }), (yearly, "yearly", { $0.year }),
    ]
    for rule in rules {
      var last: Int?
      var left = rule.count
      for date in dates where left > 0 && rule.period(date.day) != last {
        last = rule.period(date.day)
        left -= 1
        reasons[date, default: []].append(rule.name)
      }
    }
    return reasons
  }

  /// The policy in the words of its options.
  public var description: String {
    let parts = [
      "keep \(max(1, keep))", withinDays > 0 ? "within \(withinDays)d" : nil,
      daily > 0 ? "daily \(daily)" : nil,
      weekly > 0 ? "weekly \(weekly)" : nil, monthly > 0 ? "monthly \(monthly)" : nil,
      yearly > 0 ? "yearly \(yearly)" : nil, "incomplete ones for \(staleDays) days",
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }
}
