public import MirrorModel
public import LinuxSystem

/// Compares what a scan found with what earlier runs knew of: a file system that is not mounted must never pass for
/// files that were removed.
///
/// A *place* is a subarch, or a build's directory of snapshots.
public struct PlaceCheck: Sendable {
  /// Builds of which nothing was found.
  let builds: [MirrorPath]
  /// Places that are missing from builds that were found.
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

  /// The mirror with what is missing among its problems and held everywhere, after the catalog has learnt what is
  /// there.
  ///
  /// - Parameters:
  ///   - mirror: all that is there, whatever the configuration says.
  ///   - isWriter: whether a run may write; one that only reads is told of missing builds, too, and goes on.
  /// - Throws: ``MirrorError`` with code `refused` if a whole build is missing.
  public static func apply(
    to mirror: Mirror, _ catalog: Catalog, isWriter: Bool
  ) throws(MirrorError) -> Mirror {
    let known = try catalog.places() ?? PublishedPlaces.read(in: mirror)
    let check = PlaceCheck(mirror, known: known)
    if isWriter {
      if let refusal = check.refusal(in: mirror) { throw refusal }
      // A full disk must not keep clean from its work: what is not noted now is noted by the next run.
      try? catalog.note(places: known.union(mirror.filledPlaces))
    }
    var result = mirror
    result.faults += (check.builds + check.places).map { path in
      MirrorFault(
        path,
        MirrorError(
          .invalid, mirror.displayed(path), "is missing, though an earlier run found tarballs there",
          remedy: "mount or restore it; if it is gone for good, \(run: .forget("\(path)"))"))
    }
    return result
  }

  private func refusal(in mirror: Mirror) -> MirrorError? {
    guard let first = builds.first else { return nil }
    let others =
      builds.count > 1 ? ", and so are \(counted(builds.count - 1, "other build", "other builds"))" : ""
    return MirrorError(
      .refused, mirror.displayed(first), "is missing, though an earlier run found tarballs there\(others)",
      remedy: "is its file system mounted? If it is gone for good, \(run: .forget("\(first)"))")
  }
}

extension MirrorPath {
  /// The build that a place belongs to.
  fileprivate var build: MirrorPath { components.first.map { MirrorPath.root.appending($0) } ?? self }
}

extension Mirror {
  /// Subarches and directories of snapshots that hold anything.
  fileprivate var places: [MirrorPath] {
    subarches.filter { !$0.versions.isEmpty }.map(\.path) + filledPlaces
  }

  /// Those that hold tarballs.
  fileprivate var filledPlaces: [MirrorPath] {
    let subarches = subarches.filter { $0.folders.contains { !$0.tarballs.isEmpty } }.map(\.path)
    return subarches + builds.compactMap(\.snapshots).filter { !$0.tarballs.isEmpty }.map(\.path)
  }
}
