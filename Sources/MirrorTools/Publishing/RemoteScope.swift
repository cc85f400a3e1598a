import LinuxSystem
import MirrorModel

/// Files on the other side that this mirror may remove: those that it sent into subarches and snapshots.
struct RemoteScope {
  private let record: SentRecord?
  private let directories: Set<MirrorPath>
  private let subarches: Set<MirrorPath>
  /// Trees of binary packages that exist here: a tree that is missing may be on a file system that is not mounted.
  private let trees: Set<MirrorPath>
  /// Directories that look like subarches, including those of other mirrors.
  private var apparent: Set<MirrorPath>
  private let isWhole: Bool
  private let kinds: ArtifactKinds

  init(_ local: LocalListing, _ remote: RemoteListing, _ record: SentRecord?, isWhole: Bool) {
    self.record = record
    kinds = local.kinds
    directories = record?.directories ?? []
    subarches = local.subarches
    trees = local.trees
    apparent = subarches
    self.isWhole = isWhole
    guard isWhole, record == nil else { return }
    // A subarch deleted here is recognized by the `status` files of its versions there.
    for path in remote.nodes.keys {
      guard case .versionFile(_, let version, let subarch) = path.place, path.place.versionFile == .status,
        VersionDate(version.bytes) != nil, !subarch.isHidden
      else { continue }
      apparent.insert(MirrorPath(.subarch(subarch)))
    }
  }

  /// Whether the record shows that this mirror sent the path, a file in it, or the file of which it is a
  /// part.
  private func wasSent(_ path: MirrorPath) -> Bool {
    guard let record else { return false }
    if record.names(path) || directories.contains(path) { return true }
    if path.name == RsyncLeftover.directory { return directories.contains(path.parent) }
    return RsyncLeftover.file(of: path).map(record.names) ?? false
  }

  /// Whether this mirror may remove it.
  func holds(_ path: MirrorPath, _ node: ListedNode) -> Bool {
    guard wasSent(path) else { return false }
    let place = path.place
    let isLeftover = RsyncLeftover.isOne(path.components[...])
    if place.isInPackages {
      return isWhole && path.ancestors.contains(where: trees.contains)
        && (isLeftover || !path.components.contains(where: \.isHidden))
    }
    if place.isInSnapshots { return looksOurs(path) || isWhole && isLeftover }
    // A file in the directory of an architecture does not belong to a subarch.
    if case .subarch = place, node != .directory { return false }
    // Pages and indexes outside of subarches are not deleted, but their partial files are.
    guard let subarch = place.subarch else { return isWhole && isLeftover }
    return (isWhole || subarches.contains(MirrorPath(.subarch(subarch))))
      && (isLeftover || !path.components.contains(where: \.isHidden))
  }

  /// Whether mirrors send files of this place and name.
  func looksOurs(_ path: MirrorPath) -> Bool {
    if case .snapshot(let file, _) = path.place {
      let parts = file.components
      let isSnapshot = parts.first.map { kinds.includes($0) || SidecarKind.parse($0, kinds) != nil } ?? false
      return isWhole && isVisible(path) && (isSnapshot || RsyncLeftover.isOfTarball(parts[...], kinds))
    }
    return path.subarch.map(apparent.contains) ?? false && isVisible(path)
  }

  /// Whether no component is hidden; leftovers of killed transfers of tarballs count as visible.
  private func isVisible(_ path: MirrorPath) -> Bool {
    let components = path.components
    return !components.contains(where: \.isHidden) || RsyncLeftover.isOfTarball(components[...], kinds)
  }
}
