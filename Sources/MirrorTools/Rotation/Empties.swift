public import MirrorModel
public import LinuxSystem

/// Subarches of the rotation that were never built.
public struct Empties: MirrorReport, Codable, Sendable, Hashable {
  /// Root of the mirror.
  public let mirror: String
  /// Relative to the root of the mirror.
  public let paths: [MirrorPath]

  /// Finds subarches without a complete version.
  public init(_ mirror: Mirror, _ settings: RotationSettings) {
    self.mirror = "\(mirror.root)"
    paths = settings.managed(in: mirror).filter(\.built.isEmpty).map(\.path)
  }

  /// The absolute paths, one per line.
  public var lines: [ReportLine] { paths.map(displayed).asEssentialLines }
}
