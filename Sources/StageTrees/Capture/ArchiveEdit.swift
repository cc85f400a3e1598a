/// Changes to an archive while it is written: members that are left out, and members that are added.
package struct ArchiveEdit: Hashable, Sendable {
  /// The content of a new member.
  package enum Content: Hashable, Sendable {
    /// Readable by everybody.
    case file([UInt8])
    /// The target of a symbolic link.
    case link(String)
  }

  /// Paths without a slash at either end that are left out.
  package var omitted: Set<String> = []
  /// Files that are added after all others, with missing directories, unless the archive has a member with their
  /// path; by their paths, without a slash at either end. They belong to root.
  package var added: [String: Content] = [:]
  /// The time of new members, in seconds since 1970.
  package let epoch: Int64

  /// No changes.
  package init(epoch: Int64) { self.epoch = epoch }
}
