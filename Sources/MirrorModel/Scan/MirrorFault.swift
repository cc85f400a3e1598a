package import LinuxSystem

/// What keeps a place of a mirror from being judged: it cannot be read, is not what it should be, or is missing.
///
/// Whoever removes, deletes or publishes decides by the path.
package struct MirrorFault: Sendable {
  /// Relative to the mirror's root.
  package let path: MirrorPath
  /// For people.
  package let error: MirrorError

  package init(_ path: MirrorPath, _ error: MirrorError) {
    self.path = path
    self.error = error
  }
}

extension Mirror {
  /// Whether there is no fault in a directory, or below it.
  package func isReadWhole(_ path: MirrorPath) -> Bool { !faults.contains { $0.path.isWithin(path) } }

  /// Whether a place could not be looked at, or not all of it: what cannot be read is not missing.
  package func isUnread(_ path: MirrorPath) -> Bool {
    heldLinks.contains { path.isWithin($0) }
      || faults.contains { $0.path.isWithin(path) || path.isWithin($0.path) }
  }
}
