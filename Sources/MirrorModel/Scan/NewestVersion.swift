package import LinuxSystem

/// The three meanings of "newest" of a subarch's versions. A version that is dated in the future is none of them.
extension Subarch {
  /// The newest that was begun, complete or not; only what is named by a date was.
  package var newestBegun: Version? { versions.last { $0.isDated && !$0.isFuture } }

  /// The newest complete one: what builds start from, and what is never removed.
  package var newestComplete: Version? { built.last }

  /// The newest that is offered to downloaders.
  ///
  /// One whose tarballs all wait for compression offers nothing yet.
  ///
  /// - Parameter excluded: versions that are about to be removed.
  package func newestOffered(excluding excluded: Set<MirrorPath> = []) -> Version? {
    built.last { !excluded.contains($0.path) && !$0.offers(of: self).isEmpty }
  }
}
