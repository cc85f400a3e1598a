import LinuxSystem
import MirrorModel

/// Versions and snapshots that the other side has cleaned by itself are not sent again.
struct StaleVersions {
  /// The newest version of each subarch, and the newest date of each kind of snapshot, on the other side.
  private var newest: [MirrorPath: VersionDate] = [:]
  private var versions: Set<MirrorPath> = []
  private let layout: MirrorLayout
  /// The names of the files in each version here, in a layout by name: a version with a name for which nothing is
  /// newer there is sent.
  private var names: [MirrorPath: Set<FileName>] = [:]
  /// Snapshots there that have the name of one here, but another content.
  private var others: Set<MirrorPath> = []
  private let kinds: ArtifactKinds

  init(_ local: LocalListing, _ remote: RemoteListing, _ standings: Standings) {
    kinds = local.kinds
    layout = local.layout
    if layout.isByName {
      for entry in local.entries {
        guard let version = Self.version(of: entry.path), let name = name(entry.path, in: version) else {
          continue
        }
        names[version, default: []].insert(name)
      }
    }
    for entry in local.entries where entry.path.place.isInSnapshots {
      guard let node = remote.nodes[entry.path] else { continue }
      let differs = entry.role == .link ? node != entry.node : standings[entry] == .different
      if differs { others.insert(entry.path) }
    }
    for path in remote.nodes.keys {
      guard let (group, date) = dated(path) else { continue }
      newest[group] = max(newest[group] ?? date, date)
      if let version = Self.version(of: path) { versions.insert(version) }
    }
  }

  /// Why an entry is not sent; nil if it is.
  func reason(against entry: LocalEntry, at node: ListedNode?) -> String? {
    if let name = entry.path.place.snapshotName {
      guard kinds.includes(name) || SidecarKind.parse(name, kinds) != nil else {
        return "the other side writes this file itself"
      }
      // Each server makes its own snapshot of the same name: the first one is kept, with its sidecars.
      if others.contains(entry.path) || entry.path.unit(kinds).map(others.contains) ?? false {
        return "a different snapshot of that name is there"
      }
      if node != nil { return nil }
    } else if let version = Self.version(of: entry.path), versions.contains(version) {
      return nil
    }
    guard let (group, date) = dated(entry.path), isOlder(date, in: group, entry.path) else { return nil }
    return "a newer version or snapshot is there"
  }

  private static func version(of path: MirrorPath) -> MirrorPath? {
    guard let (name, subarch) = path.place.version, !name.isHidden else { return nil }
    return MirrorPath(.version(name, subarch))
  }

  /// Whether something newer is there, for all names of the version.
  private func isOlder(_ date: VersionDate, in group: MirrorPath, _ path: MirrorPath) -> Bool {
    guard layout.isByName, let version = Self.version(of: path) else {
      return newest[group].map { date < $0 } ?? false
    }
    return (names[version] ?? []).allSatisfy { name in
      newest[version.parent.appending(name)].map { date < $0 } ?? false
    }
  }

  /// The name of a release file, or of its sidecar.
  private func name(_ path: MirrorPath, in version: MirrorPath) -> FileName? {
    let file = SidecarKind.parse(path.name, kinds)?.tarball ?? path.name
    return TarballName(file, kinds).flatMap { layout.releaseName(of: $0.stem, in: version.name) }
  }

  /// The group and the date of a dated path.
  private func dated(_ path: MirrorPath) -> (group: MirrorPath, date: VersionDate)? {
    if path.place.snapshotName != nil {
      return path.unit(kinds).flatMap { TarballName($0.name, kinds) }?.snapshotParts.map {
        (path.parent.appending(FileName($0.name)), $0.date)
      }
    }
    guard let version = Self.version(of: path), let date = VersionDate(version.name.bytes) else { return nil }
    guard layout.isByName else { return (version.parent, date) }
    return (version.parent.appending(name(path, in: version) ?? version.parent.name), date)
  }
}
