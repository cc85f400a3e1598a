import LinuxSystem
public import StageTrees
public import MirrorModel

extension CompressionPlan {
  /// Makes a plan for the marks in `mirror`.
  ///
  /// - Parameters:
  ///   - now: seconds since the epoch.
  ///   - patience: seconds after which an empty `.cme.run`, as made by Metro, counts as that of a dead run.
  public init(
    of mirror: Mirror, settings: CompressionSettings, now: Int64,
    patience: Int64 = CompressionPlan.defaultPatience
  ) {
    var items: [Item] = []
    var staleMarks: [MirrorPath] = []
    var leftAlone: [LeftAlone] = []
    let links = LinkIndex(mirror)
    let subarches = mirror.subarches
    for folder in mirror.folders {
      let subarch = folder.marks.isEmpty ? nil : subarches.first { folder.path.isWithin($0.path) }
      for (name, marks) in Dictionary(grouping: folder.marks, by: \.tarball) {
        let path = folder.path.appending(name)
        switch Self.verdict(
          name, marks, in: folder, of: subarch, settings.compression, now: now, patience: patience)
        {
        case .leave(let reason): leftAlone.append(LeftAlone(path: path, reason: reason))
        case .unmark: staleMarks += marks.map { folder.path.appending($0.name) }
        case .compress(let tarball, let existing):
          let compression = existing ?? settings.compression
          items.append(
            Item(
              path: path, bytes: tarball.status.size, compression: compression, isCompressed: existing != nil,
              subarch: subarch?.path, links: links.following(path, compression)))
        }
      }
    }
    self.settings = settings
    self.items = items.sorted { $0.path < $1.path }
    self.staleMarks = staleMarks.sorted()
    self.leftAlone = leftAlone.sorted { $0.path < $1.path }
  }

  /// Six hours.
  public static let defaultPatience: Int64 = 6 * 3600

  private enum Verdict {
    case compress(Tarball, existing: Compression?)
    case unmark
    case leave(Reason)
  }

  private static func verdict(
    _ name: FileName, _ marks: [CompressionMark], in folder: Folder, of subarch: Subarch?,
    _ compression: Compression, now: Int64, patience: Int64
  ) -> Verdict {
    let version = subarch?.versions.first { folder.path.isWithin($0.path) }
    if let subarch, let version, subarch.isBeingBuilt(version) { return .leave(.beingBuilt) }
    if subarch?.control.liveBuildLock != nil { return .leave(.locked) }
    if marks.contains(where: { $0.run?.isUnderWay(now: now, patience: patience) ?? false }) {
      return .leave(.underWay)
    }
    // A dead run may have used another compression: its result is used as it is.
    let path = folder.path.appending(name)
    let existing = ([compression] + Compression.allCases).first { candidate in
      folder.tarballs.contains { $0.path == path.compressed(candidate) }
    }
    if let tarball = folder.tarballs.first(where: { $0.path == path }) {
      return .compress(tarball, existing: existing)
    }
    if folder.links.contains(where: { $0.path == path }) { return .leave(.isLink) }
    return existing == nil ? .leave(.missing) : .unmark
  }
}

/// Links by target.
private struct LinkIndex {
  private let byDestination: [MirrorPath: [Link]]
  private let kinds: ArtifactKinds

  init(_ mirror: Mirror) {
    kinds = mirror.kinds
    byDestination = mirror.folders.reduce(into: [:]) { index, folder in
      for link in folder.links {
        if let destination = link.destination { index[destination, default: []].append(link) }
      }
    }
  }

  /// Links that would dangle without `tar`, nearest first, including links to renamed links.
  func following(_ tar: MirrorPath, _ compression: Compression) -> [CompressionPlan.FollowingLink] {
    var found: [CompressionPlan.FollowingLink] = []
    var seen: Set<MirrorPath> = [tar]
    var moved = [tar]
    while let destination = moved.popLast() {
      for link in byDestination[destination] ?? [] where seen.insert(link.path).inserted {
        let isRenamed = TarballName(link.path.name, kinds)?.isPlain ?? false
        found.append(
          CompressionPlan.FollowingLink(
            path: link.path, newPath: isRenamed ? link.path.compressed(compression) : link.path,
            names: destination.name))
        if isRenamed { moved.append(link.path) }
      }
    }
    return found
  }
}

extension TarballName {
  fileprivate var isPlain: Bool { !format.isReleased }
}
