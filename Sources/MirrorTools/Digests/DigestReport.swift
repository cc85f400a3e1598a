public import LinuxSystem

/// Result of `digestgen`.
public struct DigestReport: Sendable {
  /// Kinds of actions.
  public enum Kind: String, Encodable, Sendable, CaseIterable {
    case digested, adopted, written, signed, linked, removed

    /// Whether it is final at once: links and removals may be undone before the end.
    public var isSentAtOnce: Bool { self != .linked && self != .removed }
  }

  /// One action.
  public struct Action: Encodable, Sendable {
    /// Its kind.
    public let kind: Kind
    /// Its file, relative to the root of the mirror.
    public let path: MirrorPath
  }

  /// Root of the mirror.
  public let mirror: String
  /// In path order.
  public internal(set) var actions: [Action] = []
  /// Tarballs whose content does not match their digests any more.
  public internal(set) var corrupt: [MirrorPath] = []
  /// Failures.
  public internal(set) var problems: [MirrorError] = []
  /// Bytes hashed.
  public internal(set) var bytes: Int64 = 0
  /// Versions that were skipped.
  public internal(set) var skipped: [DigestPlan.Skip] = []
}
