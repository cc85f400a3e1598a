public import LinuxSystem

/// What `digestgen` did.
public struct DigestReport: Sendable {
  /// The kinds of things it does.
  public enum Kind: String, Encodable, Sendable, CaseIterable {
    case digested, adopted, written, signed, linked, removed

    /// Whether it is final when it is done: links and removals may be undone before the end.
    public var isSentAtOnce: Bool { self != .linked && self != .removed }
  }

  /// One thing done.
  public struct Action: Encodable, Sendable {
    /// What was done.
    public let kind: Kind
    /// To what, relative to the mirror's root.
    public let path: MirrorPath
  }

  /// Where the mirror is.
  public let mirror: String
  /// In path order.
  public internal(set) var actions: [Action] = []
  /// Tarballs whose content no longer is what their digests say.
  public internal(set) var corrupt: [MirrorPath] = []
  /// What could not be done.
  public internal(set) var problems: [MirrorError] = []
  /// Bytes hashed.
  public internal(set) var bytes: Int64 = 0
  /// What was not touched.
  public internal(set) var skipped: [DigestPlan.Skip] = []
}
