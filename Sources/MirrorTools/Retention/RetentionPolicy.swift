import MirrorModel

/// Which versions and snapshots are kept; what any rule keeps stays.
public struct RetentionPolicy: Sendable, Hashable {
  /// The newest complete ones, at least 1.
  public var keep = 3
  /// All that are at most so many days older than the newest.
  public var withinDays = 0
  /// The newest of each of the last days, weeks (from Monday), months and years that have one.
  public var daily = 0
  /// See ``daily``.
  public var weekly = 0
  /// See ``daily``.
  public var monthly = 0
  /// See ``daily``.
  public var yearly = 0
  /// Days after which an incomplete version counts as given up.
  public var staleDays = 3

  /// Keeps the newest three.
  public init() {}

  /// `30d`, `6w`, `1y`, `30`: days; nil for anything else.
  package static func days(_ text: String) -> Int? {
    let factors: [Character: Int] = ["d": 1, "w": 7, "y": 365]
    let factor = text.last.flatMap { factors[$0] }
    guard let count = Int(factor == nil ? text : String(text.dropLast())), (1...100_000).contains(count)
    else { return nil }
    return count * (factor ?? 1)
  }

  /// Why each of these dates is kept; `dates` newest first, each once.
  ///
  /// The calendar rules work as those of `restic forget`: each walks from the newest and keeps the first of every
  /// new period, until it has as many as it may.
  func reasons(for dates: [CalendarDate]) -> [CalendarDate: [String]] {
    var reasons: [CalendarDate: [String]] = [:]
    for date in dates.prefix(max(1, keep)) {
      reasons[date, default: []].append("one of the newest \(max(1, keep))")
    }
    if withinDays > 0, let newest = dates.first {
      for date in dates where newest.days(since: date) <= withinDays {
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
      for date in dates where left > 0 && rule.period(date) != last {
        last = rule.period(date)
        left -= 1
        reasons[date, default: []].append(rule.name)
      }
    }
    return reasons
  }

  /// As the options that ask for it.
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
