import LinuxSystem
import MirrorModel
import SystemPackage

/// Which binary packages `clean` removes: those that no index names, and old builds.
struct BinhostRetention: Sendable {
  let settings: BinhostSettings
  /// Seconds since the epoch.
  let now: Int64

  /// The packages of a tree to keep and to remove; nil for a tree that cannot be judged.
  func section(_ tree: BinhostTree, _ index: PackagesIndex?) -> RetentionPlan.Section? {
    guard let index, tree.isWhole else { return nil }
    let entries = Dictionary(index.entries.map { (tree.path.joined($0.path), $0) }) { $1 }
    let kept = keptBuilds(index.entries, tree)
    let items = tree.files.map { file in
      let (isRemoved, reason): (Bool, String)
      if let entry = entries[file.path] {
        let group = escaped(Array(entry.slotted.utf8))
        isRemoved = settings.keep != nil && !kept.contains(file.path)
        reason =
          settings.keep.map {
            isRemoved ? "older than the newest \($0) of \(group)" : "one of the newest \($0) of \(group)"
          }
          ?? "in Packages"
      } else {
        isRemoved =
          now - max(file.seconds, file.status.identity.ctime / 1_000_000_000) > Int64(settings.grace)
        reason = isRemoved ? "not in Packages" : "not in Packages, but new"
      }
      return RetentionPlan.Item(
        path: file.path, isRemoved: isRemoved, reason: reason, bytes: file.status.size,
        isComplete: entries[file.path] != nil, kind: .package)
    }
    return items.isEmpty ? nil : RetentionPlan.Section(path: tree.path, items: items)
  }

  /// The newest builds of each package and slot.
  private func keptBuilds(_ entries: [PackageEntry], _ tree: BinhostTree) -> Set<MirrorPath> {
    guard let keep = settings.keep else { return [] }
    var kept = Set<MirrorPath>()
    for group in Dictionary(grouping: entries, by: \.slotted).values {
      let newest = group.sorted { ($0.build, $0.path) > ($1.build, $1.path) }.prefix(keep)
      kept.formUnion(newest.map { tree.path.joined($0.path) })
    }
    return kept
  }
}

private func > (
  left: ((time: Int64, number: Int64), MirrorPath), right: ((time: Int64, number: Int64), MirrorPath)
) -> Bool {
  (left.0.time, left.0.number, left.1) > (right.0.time, right.0.number, right.1)
}
