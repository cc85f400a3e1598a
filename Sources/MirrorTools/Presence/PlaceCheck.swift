public import MirrorModel
public import LinuxSystem

/// Compares the scanned places with those known from earlier runs: files on a file system that is not mounted
/// must never be mistaken for removed files.
///
/// A *place* is a subarch, or the snapshot directory of a build.
public struct PlaceCheck: Sendable {
  /// Builds without any place found.
  let builds: [MirrorPath]
  /// Missing places of builds that were found.
  let places: [MirrorPath]

  /// - Parameter known: places where earlier runs found tarballs.
  init(_ mirror: Mirror, known: Set<MirrorPath>) {
    let found = Set(mirror.places)
    let missing = known.subtracting(found).filter { !mirror.isUnread($0) }
    let builds = Set(missing.map(\.build)).filter { build in
      !found.contains { $0.isWithin(build) } && !mirror.heldLinks.contains { $0.isWithin(build) }
    }
    self.builds = builds.sorted()
    places = missing.filter { !builds.contains($0.build) }.sorted()
  }

  /// Adds missing places to the problems of the mirror and protects them, after updating the places in the
  /// catalog.
  ///
  /// - Parameters:
  ///   - mirror: the complete mirror, regardless of the configuration.
  ///   - isWriter: whether the run may write; one that only reads gets missing builds as problems, and
  ///     continues.
  /// - Throws: ``MirrorError`` with code `refused` if a whole build is missing.
  public static func apply(
    to mirror: Mirror, _ catalog: Catalog, isWriter: Bool
  ) throws(MirrorError) -> Mirror {
    let known = try catalog.places() ?? PublishedPlaces.read(in: mirror)
    let check = PlaceCheck(mirror, known: known)
    if isWriter {
      if let refusal = check.refusal(in: mirror) { throw refusal }
      // A full disk must not stop clean; the next run records these places.
      try? catalog.note(places: known.union(mirror.filledPlaces))
    }
    var result = mirror
    result.faults += (check.builds + check.places).map { path in
      MirrorFault(
        path,
        MirrorError(
          .invalid, mirror.displayed(path), "is missing, but an earlier run found tarballs there",
          remedy: "mount or restore it; if it was removed for good, \(run: .forget("\(path)"))"))
    }
    return result
  }

  private func refusal(in mirror: Mirror) -> MirrorError? {
    guard let first = builds.first else { return nil }
    let others =
      builds.count > 1 ? " (and \(counted(builds.count - 1, "other build", "other builds")))" : ""
    return MirrorError(
      .refused, mirror.displayed(first), "is missing, but an earlier run found tarballs there\(others)",
      remedy: "mount its file system; if it was removed for good, \(run: .forget("\(first)"))")
  }
}

extension MirrorPath {
  /// The build of a place.
  fileprivate var build: MirrorPath { components.first.map { MirrorPath.root.appending($0) } ?? self }
}

extension Mirror {
  /// Subarches and snapshot directories that are not empty.
  fileprivate var places: [MirrorPath] {
    subarches.filter { !$0.versions.isEmpty }.map(\.path) + filledPlaces
  }

  /// Places that contain tarballs.
  fileprivate var filledPlaces: [MirrorPath] {
    let subarches = subarches.filter { $0.folders.contains { !$0.tarballs.isEmpty } }.map(\.path)
    return subarches + builds.compactMap(\.snapshots).filter { !$0.tarballs.isEmpty }.map(\.path)
  }
}
