package import LinuxSystem

/// The meanings of "newest" among a subarch's versions. Versions dated in the future are never the
/// newest.
extension Subarch {
  /// The newest version that was started, complete or not; only names that are dates count.
  package var newestBegun: Version? { versions.last { $0.isDated && !$0.isFuture } }

  /// The newest complete version: builds start from it, and it is never removed.
  package var newestComplete: Version? { built.last }

  /// The newest version that a build made: complete, or a candidate.
  package var newestMade: Version? { made.last }

  /// The newest candidate, if it is newer than every complete version.
  var newestCandidate: Version? {
    let offered = newestComplete?.date
    return made.last { $0.isCandidate }.flatMap { candidate in
      offered.map { candidate.date > $0 } ?? true ? candidate : nil
    }
  }

  /// Complete versions and candidates that are not dated in the future, oldest first.
  package var made: [Version] {
    versions.filter { $0.isSound && !$0.isWithdrawn && !$0.isFuture }
  }

  /// The newest version that is offered to downloaders.
  ///
  /// A version whose tarballs all wait for compression offers nothing yet.
  ///
  /// - Parameter excluded: versions that are about to be removed.
  package func newestOffered(excluding excluded: Set<MirrorPath> = []) -> Version? {
    built.last { !excluded.contains($0.path) && !$0.offers(of: self).isEmpty }
  }
}
