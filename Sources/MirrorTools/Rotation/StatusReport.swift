public import MirrorModel

/// Status of every subarch, those that need attention first, and of the snapshots.
public struct StatusReport: MirrorReport, Codable, Sendable, Hashable {
  /// Root of the mirror.
  public let mirror: String
  /// Failing ones first, by descending failcount; then those with failed extras; the others in path order.
  public let subarches: [SubarchStatus]
  /// The snapshots of each kind, by build and name.
  public let snapshots: [SnapshotStatus]
  /// The targets of the campaigns that are not finished.
  public let farm: [FarmTarget]

  /// Reports on the whole mirror.
  public init(
    _ mirror: Mirror, _ settings: RotationSettings = RotationSettings(), farm: [FarmTarget] = [],
    today: CalendarDate
  ) {
    self.mirror = "\(mirror.root)"
    self.farm = farm
    subarches =
      mirror.subarches
      .map { SubarchStatus($0, settings, today: today) }
      // The sort is stable: ties keep the path order.
      .sorted { ($0.failcount, $0.failed.isEmpty ? 0 : 1) > ($1.failcount, $1.failed.isEmpty ? 0 : 1) }
    snapshots = mirror.builds.flatMap { SnapshotStatus.all(of: $0, today: today, horizon: mirror.horizon) }
  }

  /// One line per subarch, in the format of Metro's `fails`.
  public var lines: [ReportLine] { subarches.map { $0.line(root: mirror) }.asEssentialLines }
}
