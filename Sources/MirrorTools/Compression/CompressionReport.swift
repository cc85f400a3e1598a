public import LinuxSystem

/// Result of a ``CompressionPlan``.
public struct CompressionReport: Sendable {
  /// A `.tar` that was compressed.
  public struct Outcome: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the root of the mirror.
    public let from: MirrorPath
    /// The compressed file.
    public let to: MirrorPath
    /// Size of the `.tar` in bytes.
    public let bytesBefore: Int64
    /// Size of the compressed file in bytes.
    public let bytesAfter: Int64
  }

  /// Root of the mirror.
  public let mirror: String
  /// In path order.
  public internal(set) var outcomes: [Outcome] = []
  /// Marks of dead runs that were removed.
  public internal(set) var removedMarks: [MirrorPath] = []
  /// Failures, one per file, in the order of the plan; code `busy` if another process was at work.
  public internal(set) var problems: [MirrorError] = []
  /// Marks that the plan left alone.
  public internal(set) var leftAlone: [CompressionPlan.LeftAlone] = []
  /// Those that a later run will take care of.
  var waiting: [MirrorError] = []
  /// Those that need a person.
  var faultsOfMarks: [MirrorError] = []
}
