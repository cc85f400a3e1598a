package import LinuxSystem

/// A place in a mirror that cannot be judged: it cannot be read, is not what it should be, or is missing.
///
/// Code that removes, deletes or publishes checks the path.
package struct MirrorFault: Sendable {
  /// Relative to the mirror's root.
  package let path: MirrorPath
  /// The message.
  package let error: MirrorError

  package init(_ path: MirrorPath, _ error: MirrorError) {
    self.path = path
    self.error = error
  }
}

extension Mirror {
  /// Whether there is no fault at or below a path.
  package func isReadWhole(_ path: MirrorPath) -> Bool { !faults.contains { $0.path.isWithin(path) } }

  /// Whether a place was not read, or not completely: what cannot be read is not missing.
  package func isUnread(_ path: MirrorPath) -> Bool {
    heldLinks.contains { path.isWithin($0) }
      || faults.contains { $0.path.isWithin(path) || path.isWithin($0.path) }
  }
}
