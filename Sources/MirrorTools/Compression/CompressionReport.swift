public import LinuxSystem

/// What became of a ``CompressionPlan``.
public struct CompressionReport: Sendable {
  /// A `.tar` that became a compressed one.
  public struct Outcome: Codable, Hashable, Sendable {
    /// The `.tar`, relative to the mirror's root.
    public let from: MirrorPath
    /// The compressed file.
    public let to: MirrorPath
    /// Bytes of the `.tar`.
    public let bytesBefore: Int64
    /// Bytes of the compressed file.
    public let bytesAfter: Int64
  }

  /// Where the mirror is.
  public let mirror: String
  /// In path order.
  public internal(set) var outcomes: [Outcome] = []
  /// Marks that a dead run had left.
  public internal(set) var removedMarks: [MirrorPath] = []
  /// What failed, each naming its file; code `busy` where another process was at work. The plan's order.
  public internal(set) var problems: [MirrorError] = []
  /// What the plan left alone.
  public internal(set) var leftAlone: [CompressionPlan.LeftAlone] = []
  /// What of that a later run does.
  var notes: [MirrorError] = []
  /// What of that somebody has to mend.
  var faultsOfMarks: [MirrorError] = []
}
