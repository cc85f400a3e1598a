import FlexData
import LinuxSystem
import MirrorModel
import SystemPackage

/// `build/promote`: when `upkeep` promotes candidates.
public enum PromotionSettings: Hashable, Sendable {
  /// When a shell command succeeds.
  case check(String)
  /// This many days after the date of the version.
  case days(Int)

  /// The element that sets it.
  static let name = "build/promote"
  /// How long a check may take, in seconds.
  static let limit = 3600

  /// nil if it is not set.
  init?(_ elements: Elements) throws {
    guard let text = try elements.text(Self.name), !text.isEmpty else { return nil }
    let word = "after "
    let rest = text.hasPrefix(word) ? text.dropFirst(word.count).drop { $0 == " " } : ""
    guard !rest.isEmpty else {
      throw MirrorError(
        .invalid, Self.name, "`\(text)` does not begin with `after`",
        remedy: "use `after 3d`, or `after` and a command")
    }
    self = RetentionPolicy.days(String(rest)).map { .days($0) } ?? .check(String(rest))
  }

  /// Whether a candidate is due; for a check, runs it.
  ///
  /// - Returns: why it is due; nil if it is not.
  func reason(
    for version: Version, in mirror: Mirror, today: CalendarDate, cancellation: Cancellation
  ) throws(MirrorError) -> String? {
    switch self {
    case .days(let days):
      return today.days(since: version.date) >= days ? "after \(counted(days, "day", "days"))" : nil
    case .check(let command):
      let outcome = try HostProgram.run(
        ["/bin/sh", "-c", "exec 1>&2\n" + command, Self.name], input: [],
        environment: [
          "MIRRORCTL_CANDIDATE": mirror.displayed(version.path), "MIRRORCTL_PATH": "\(version.path)",
        ], leads: true, limit: Self.limit, cancellation: cancellation)
      guard !outcome.isLate else {
        throw MirrorError(
          .invalid, mirror.displayed(version.path), "\(Self.name): the check was killed after an hour",
          remedy: "make it faster; until then the version remains a candidate")
      }
      guard outcome.status == 0 else {
        throw MirrorError(
          .invalid, mirror.displayed(version.path),
          "\(Self.name): the check failed with exit status \(outcome.status)",
          remedy: "the version remains a candidate; withdraw it if it is bad")
      }
      return "after the check: \(command)"
    }
  }
}
