public import MirrorModel

extension Mirror {
  /// This mirror without what is not stored here.
  public func limited(to settings: RotationSettings) -> Mirror {
    var mirror = self
    mirror.oddities = settings.oddities(in: self)
    mirror.releases = releases.filter { settings.isStored(release: $0.name) }
    for (r, release) in mirror.releases.enumerated() {
      for a in release.arches.indices {
        mirror.releases[r].arches[a].subarches.removeAll { !settings.isStored($0) }
      }
    }
    mirror.bystanders = subarches.filter { !settings.isStored($0) }
    mirror.bystanderFolders =
      releases.filter { !settings.isStored(release: $0.name) }.flatMap(\.folders)
      + mirror.bystanders.flatMap(\.folders)
    return mirror
  }
}
