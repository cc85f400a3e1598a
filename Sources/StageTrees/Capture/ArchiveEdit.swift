/// Changes to an archive while it is written: members that are left out, and members that are added.
package struct ArchiveEdit: Hashable, Sendable {
  /// The content of a new member.
  package enum Content: Hashable, Sendable {
    /// Readable by everybody.
    case file([UInt8])
    /// The target of a symbolic link.
    case link(String)
  }

  /// A file that is added after all others, with missing directories, unless the archive has a member with its
  /// path. It belongs to root.
  package struct Addition: Hashable, Sendable {
    let path: String
    let content: Content
    let conditions: Set<String>

    /// - Parameters:
    ///   - path: without a slash at either end.
    ///   - conditions: paths of which the archive must have one; empty to add the file in any case.
    package init(_ path: String, _ content: Content, ifAny conditions: Set<String> = []) {
      self.path = path
      self.content = content
      self.conditions = conditions
    }
  }

  /// Paths without a slash at either end that are left out.
  package var omitted: Set<String> = []
  /// Of several with one path, the first that applies counts.
  package var added: [Addition] = []
  /// The time of new members, in seconds since 1970.
  package let epoch: Int64

  /// No changes.
  package init(epoch: Int64) { self.epoch = epoch }
}
