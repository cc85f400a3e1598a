public import MirrorModel

extension Mirror {
  /// This mirror without subarches that are not stored here.
  public func limited(to settings: RotationSettings) -> Mirror {
    var mirror = self
    (mirror.oddities, mirror.unknownNames) = settings.judgement(of: self)
    mirror.builds = builds.filter { settings.isStored(build: $0.name) }
    for (r, build) in mirror.builds.enumerated() {
      for a in build.arches.indices {
        mirror.builds[r].arches[a].subarches.removeAll { !settings.isStored($0) }
      }
    }
    mirror.bystanders = subarches.filter { !settings.isStored($0) }
    mirror.bystanderFolders =
      builds.filter { !settings.isStored(build: $0.name) }.flatMap(\.folders)
      + mirror.bystanders.flatMap(\.folders)
    return mirror
  }
}
