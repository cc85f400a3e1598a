import ArgumentParser
import MirrorTools

/// Which versions and snapshots to keep.
struct RetentionOptions: ParsableArguments {
  @Option(
    in: 1...1_000_000,
    help: ArgumentHelp("Keep the newest N complete versions (default: 3).", valueName: "n"))
  var keep: Int?

  @Option(
    name: .long, of: DaysArgument.self,
    help: ArgumentHelp(
      "Keep versions and snapshots at most this much older than the newest, e.g. 30d.", valueName: "days"))
  var keepWithin: DaysArgument?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Keep one per day for the last N days that have one.", valueName: "n"))
  var keepDaily: Int?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Keep one per week for the last N weeks that have one.", valueName: "n"))
  var keepWeekly: Int?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Keep one per month for the last N months that have one.", valueName: "n"))
  var keepMonthly: Int?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Keep one per year for the last N years that have one.", valueName: "n"))
  var keepYearly: Int?

  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Days until an incomplete version may be removed (default: 3).", valueName: "n"))
  var staleDays: Int?

  @Option(
    name: .long, of: RemovalLimitArgument.self,
    help: ArgumentHelp("Fail if more than N items, or N%, would be removed.", valueName: "limit"))
  var maxRemove: RemovalLimitArgument?

  /// Whether a --keep option or the configuration sets what to keep.
  func isGiven(over configured: RetentionPolicy?) -> Bool {
    configured != nil || keep != nil || keepWithin != nil
      || [keepDaily, keepWeekly, keepMonthly, keepYearly].contains { ($0 ?? 0) > 0 }
  }

  /// The policy of the configuration, overridden by the command line.
  func policy(over configured: RetentionPolicy?) -> RetentionPolicy {
    var policy = configured ?? RetentionPolicy()
    policy.keep = keep ?? policy.keep
    policy.withinDays = keepWithin?.days ?? policy.withinDays
    policy.daily = keepDaily ?? policy.daily
    policy.weekly = keepWeekly ?? policy.weekly
    policy.monthly = keepMonthly ?? policy.monthly
    policy.yearly = keepYearly ?? policy.yearly
    policy.staleDays = staleDays ?? policy.staleDays
    return policy
  }
}
