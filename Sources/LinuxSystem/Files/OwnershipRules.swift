/// Owner, group and mode of what is created in a mirror: `path/mirror/owner`, `group` and `dirmode`.
public struct OwnershipRules: Sendable {
  /// nil for the owner of the parent directory.
  public var owner: UInt32?
  /// nil for the group of the parent directory.
  public var group: UInt32?
  /// Permission bits of new directories; nil for those of the parent directory.
  public var mode: UInt32?

  /// All as in the parent directory.
  public init() {}
}
