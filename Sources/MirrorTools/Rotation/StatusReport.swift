public import MirrorModel

/// How every subarch stands, what needs a look first, and the snapshots beside them.
public struct StatusReport: MirrorReport, Codable, Sendable, Hashable {
  /// Where the mirror lies.
  public let mirror: String
  /// Failing ones first, the highest failcount first of all; the rest in path order.
  public let subarches: [SubarchStatus]
  /// The snapshots of each kind, in order of lines of development and names.
  public let snapshots: [SnapshotStatus]

  /// Reports on all of a mirror.
  public init(_ mirror: Mirror, _ settings: RotationSettings = RotationSettings(), today: CalendarDate) {
    self.mirror = "\(mirror.root)"
    subarches =
      mirror.subarches
      .map { SubarchStatus($0, settings, today: today) }
      // The sort is stable: ties stay in path order.
      .sorted { $0.failcount > $1.failcount }
    snapshots = mirror.builds.flatMap { SnapshotStatus.all(of: $0, today: today, horizon: mirror.horizon) }
  }

  /// A line a subarch, as Metro's `fails` prints them.
  public var lines: [ReportLine] { subarches.map { $0.line(root: mirror) }.asEssentialLines }
}
