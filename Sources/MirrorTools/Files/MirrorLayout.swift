/// Whose what is made in a mirror is: `path/mirror/owner`, `group` and `dirmode`.
public struct MirrorLayout: Sendable {
  /// nil for that of what lies beside, or of whoever runs.
  public var owner: UInt32?
  /// nil for that of what lies beside, or of whoever runs.
  public var group: UInt32?
  /// Permission bits of new directories.
  public var mode: UInt32 = 0o775

  /// Whoever runs, 775.
  public init() {}
}
