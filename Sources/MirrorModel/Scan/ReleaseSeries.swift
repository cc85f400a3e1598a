package import LinuxSystem

/// Complete versions of a subarch that replace each other, oldest first.
///
/// In Metro's layout these are all versions. In a layout by name there is a series for each name of a file: a
/// version may be the newest with one name, and not with another.
package struct ReleaseSeries: Sendable {
  /// nil for all versions.
  package let name: FileName?
  package fileprivate(set) var versions: [Version]
}

/// An artifact, and the version that contains it.
package struct Offer: Sendable {
  package let version: Version
  package let artifact: Artifact

  package init(version: Version, artifact: Artifact) { (self.version, self.artifact) = (version, artifact) }
}

extension Artifact {
  /// The name that the file keeps from version to version, or its whole name.
  package func releaseName(in version: Version) -> FileName {
    let stem = tarball.parsedName.stem
    return version.folder.layout.releaseName(of: stem, in: version.name) ?? stem
  }
}

extension Subarch {
  /// The layout of its mirror.
  package var layout: MirrorLayout { folder.layout }

  /// Its series, by name.
  package var series: [ReleaseSeries] {
    guard layout.isByName else { return [ReleaseSeries(name: nil, versions: built)] }
    var found: [FileName: ReleaseSeries] = [:]
    for version in built {
      for name in Set(version.artifacts(of: self).map { $0.releaseName(in: version) }) {
        found[name, default: ReleaseSeries(name: name, versions: [])].versions.append(version)
      }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The newest artifacts, by variant: those of the newest complete version; in a layout by name, the newest of
  /// each name.
  package var newestArtifacts: [Offer] {
    newest(of: layout.isByName ? built : built.suffix(1)) { $0.artifacts(of: self) }
  }

  /// The newest artifacts that are offered to downloaders, in the same way.
  ///
  /// - Parameter excluded: versions that are about to be removed.
  package func newestOffers(excluding excluded: Set<MirrorPath> = []) -> [Offer] {
    let versions =
      layout.isByName
      ? built.filter { !excluded.contains($0.path) } : newestOffered(excluding: excluded).map { [$0] } ?? []
    return newest(of: versions) { $0.offers(of: self) }
  }

  /// What would be offered if all candidates were promoted, and is not offered yet: the newest candidate's
  /// artifacts; in a layout by name, those that are the newest of their name.
  package var candidateOffers: [Offer] {
    if layout.isByName { return newest(of: made) { $0.offers(of: self) }.filter(\.version.isCandidate) }
    guard let version = newestCandidate else { return [] }
    return version.offers(of: self).map { Offer(version: version, artifact: $0) }
  }

  /// The candidates that contain these artifacts, oldest first.
  package var newestCandidates: [Version] {
    guard layout.isByName else { return newestCandidate.map { [$0] } ?? [] }
    let paths = Set(candidateOffers.map(\.version.path))
    return made.filter { paths.contains($0.path) }
  }

  private func newest(
    of versions: some BidirectionalCollection<Version>, _ artifacts: (Version) -> [Artifact]
  )
    -> [Offer]
  {
    var offers: [Offer] = []
    var names: Set<FileName> = []
    for version in versions.reversed() {
      let fresh = artifacts(version).map { ($0, $0.releaseName(in: version)) }.filter {
        !names.contains($0.1)
      }
      offers += fresh.map { Offer(version: version, artifact: $0.0) }
      names.formUnion(fresh.map(\.1))
    }
    return offers.sorted { $0.artifact.variant < $1.artifact.variant }
  }
}
