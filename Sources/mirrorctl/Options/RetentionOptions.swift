import ArgumentParser
import MirrorTools

/// What is kept.
struct RetentionOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Keep the newest N complete ones (default: 3).", valueName: "n"))
  var keep: Int?

  @Option(
    name: .long, help: ArgumentHelp("Keep all within so long of the newest, as 30d.", valueName: "days"))
  var keepWithin: DaysArgument?

  @Option(
    name: .long, help: ArgumentHelp("Keep one a day for the last N days that have one.", valueName: "n"))
  var keepDaily: Int?

  @Option(
    name: .long, help: ArgumentHelp("Keep one a week for the last N weeks that have one.", valueName: "n"))
  var keepWeekly: Int?

  @Option(
    name: .long, help: ArgumentHelp("Keep one a month for the last N months that have one.", valueName: "n"))
  var keepMonthly: Int?

  @Option(
    name: .long, help: ArgumentHelp("Keep one a year for the last N years that have one.", valueName: "n"))
  var keepYearly: Int?

  @Option(
    name: .long,
    help: ArgumentHelp("Days after which an incomplete version is given up (default: 3).", valueName: "n"))
  var staleDays: Int?

  @Option(
    name: .long,
    help: ArgumentHelp("Refuse to remove more than so many, or so much as 10%.", valueName: "limit"))
  var maxRemove: RemovalLimitArgument?

  func validate() throws {
    if let keep, keep < 1 {
      throw ValidationError("--keep wants at least 1: the newest version always stays.")
    }
    guard
      [keepDaily, keepWeekly, keepMonthly, keepYearly, staleDays].allSatisfy({
        (0...1_000_000).contains($0 ?? 0)
      })
    else { throw ValidationError("The numbers to keep, and --stale-days, must not be negative or absurd.") }
  }

  /// Whether anything was said about what to keep, here or in the configuration.
  func isGiven(over configured: RetentionPolicy?) -> Bool {
    configured != nil || keep != nil || keepWithin != nil
      || [keepDaily, keepWeekly, keepMonthly, keepYearly].contains { ($0 ?? 0) > 0 }
  }

  /// What the configuration says, with what the command line says instead.
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
