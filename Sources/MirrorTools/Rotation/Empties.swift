public import MirrorModel
public import LinuxSystem

/// Subarches of the rotation that were never built.
public struct Empties: MirrorReport, Codable, Sendable, Hashable {
  /// Where the mirror lies.
  public let mirror: String
  /// Relative to the mirror's root.
  public let paths: [MirrorPath]

  /// Looks for subarches without a complete version.
  public init(_ mirror: Mirror, _ settings: RotationSettings) {
    self.mirror = "\(mirror.root)"
    paths = settings.managed(in: mirror).filter(\.built.isEmpty).map(\.path)
  }

  /// The absolute paths, a line each.
  public var lines: [ReportLine] { paths.map(displayed).asEssentialLines }
}
