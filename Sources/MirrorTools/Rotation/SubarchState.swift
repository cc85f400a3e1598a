/// The state of a subarch in a word: of those that apply, the one that matters most.
package enum SubarchState: Hashable, Sendable {
  /// A tarball does not match its digests.
  case corrupt
  case building
  /// It left the rotation.
  case givenUp
  /// This many builds in a row failed.
  case failing(Int)
  case neverBuilt
  /// The newest version is so old that a new build is due.
  case stale
  case healthy

  /// - Parameters:
  ///   - isCorrupt: whether a tarball of it does not match its digests.
  ///   - isBuilding: whether a farm builds it.
  package init(_ subarch: SubarchStatus, _ settings: RotationSettings, isCorrupt: Bool, isBuilding: Bool) {
    if isCorrupt {
      self = .corrupt
    } else if subarch.inProgress || isBuilding {
      self = .building
    } else if subarch.givenUp {
      self = .givenUp
    } else if subarch.failcount > 0 {
      self = .failing(subarch.failcount)
    } else if let age = subarch.ageDays {
      self = age >= settings.staleDays ? .stale : .healthy
    } else {
      self = .neverBuilt
    }
  }
}
