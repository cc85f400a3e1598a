/// Whose what is made in a mirror is: `path/mirror/owner`, `group` and `dirmode`.
public struct OwnershipRules: Sendable {
  /// nil for that of the directory that holds it.
  public var owner: UInt32?
  /// nil for that of the directory that holds it.
  public var group: UInt32?
  /// Permission bits of new directories; nil for those of the directory that holds them.
  public var mode: UInt32?

  /// As the directory that holds it.
  public init() {}
}
