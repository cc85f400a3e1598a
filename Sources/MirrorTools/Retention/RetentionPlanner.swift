import LinuxSystem
public import MirrorModel

/// Decides what `clean` removes: a pure function of the mirror, the policy, the day and what is mounted.
///
/// Whatever the policy says, it keeps the newest complete version; versions named by a link, a
/// `.control/version` file or a remote seed; versions being built; versions dated in the future or not named
/// by a date; versions with a mounted file system; and all versions of a subarch that could not be read
/// completely.
public struct RetentionPlanner: Sendable {
  private let policy: RetentionPolicy
  private let today: CalendarDate
  private let mounts: MountTable

  /// - Parameter today: the current local date.
  public init(policy: RetentionPolicy, today: CalendarDate, mounts: MountTable) {
    self.policy = policy
    self.today = today
    self.mounts = mounts
  }

  /// The plan for a whole mirror.
  public func plan(_ mirror: Mirror) -> RetentionPlan {
    let names = names(in: mirror)
    var sections: [RetentionPlan.Section] = []
    for build in mirror.builds {
      for subarch in build.arches.flatMap(\.subarches) where !subarch.versions.isEmpty {
        sections.append(section(subarch, in: mirror, names))
      }
      if let snapshots = build.snapshots {
        sections.append(section(snapshots, of: build, in: mirror, names))
      }
    }
    return RetentionPlan(sections: sections.sorted { $0.path < $1.path }, policy: policy.description)
  }

  /// Names that protect versions and snapshots, collected once per mirror.
  func names(in mirror: Mirror) -> ProtectingNames {
    ProtectingNames(mirror, mounts: mounts.points(in: mirror))
  }

  /// One section, planned again for a mirror in which it was rescanned; `names` are from the earlier scan of
  /// the whole mirror.
  ///
  /// nil if the section no longer exists.
  func section(
    at path: MirrorPath, of mirror: Mirror, _ names: ProtectingNames
  ) -> RetentionPlan.Section? {
    var names = names.asEarlier
    for build in mirror.builds {
      if let snapshots = build.snapshots, snapshots.path == path {
        names.add([snapshots])
        return section(snapshots, of: build, in: mirror, names)
      }
      for subarch in build.arches.lazy.flatMap(\.subarches) where subarch.path == path {
        names.add(subarch.folders)
        names.add(subarch.control, of: path)
        return section(subarch, in: mirror, names)
      }
    }
    return nil
  }

  private func section(_ subarch: Subarch, in mirror: Mirror, _ names: ProtectingNames)
    -> RetentionPlan.Section
  {
    let place = mirror.displayed(subarch.path)
    let isReadWhole = mirror.isReadWhole(subarch.path)
    let (reasons, newest) = standings(of: subarch)
    // A tarball that waits for compression is not offered: downloaders still get the version before it.
    let offered = Set(subarch.newestOffers().map(\.version.path))
    let candidates = Set(subarch.newestCandidates.map(\.path))
    let items = subarch.versions.map { version in
      var why = protections(version.path, date: version.isDated ? version.date : nil, mirror, names)
      if !isReadWhole { why.append("\(place) could not be read completely") }
      if subarch.isBeingBuilt(version) {
        why.append("being built" + (subarch.control.liveLock?.owner.map { " (\($0))" } ?? ""))
      }
      if let names = newest[version.path] {
        let which = names.isEmpty ? "" : " with \(names.map { "\($0)" }.joined(separator: ", "))"
        why.append("the newest complete version\(which)")
      } else if offered.contains(version.path) {
        why.append("the newest version offered")
      }
      if version.isWithdrawn { why.append("withdrawn: its notice is kept") }
      if version.isComplete {
        why += reasons[version.path] ?? []
        return item(
          version.path, why, otherwise: "not kept by any rule", bytes: version.bytes, isComplete: true)
      }
      let age = today.days(since: version.date)
      if candidates.contains(version.path) { why.append("the newest version, a candidate") }
      if version.path == subarch.newestBegun?.path { why.append("the newest version, incomplete") }
      if age < policy.staleDays { why.append("incomplete, but only \(counted(age, "day", "days")) old") }
      let state = version.isCandidate ? "a candidate that was not promoted" : "incomplete"
      return item(version.path, why, otherwise: "\(state), \(age) days old", bytes: version.bytes)
    }
    return RetentionPlan.Section(path: subarch.path, items: items)
  }

  /// The reasons of the policy to keep versions, and the versions that are the newest, with the names for which
  /// they are: rules count the versions of each series.
  private func standings(
    of subarch: Subarch
  ) -> (reasons: [MirrorPath: [String]], newest: [MirrorPath: [FileName]]) {
    var reasons: [MirrorPath: [String]] = [:]
    var newest: [MirrorPath: [FileName]] = [:]
    for series in subarch.series {
      guard let last = series.versions.last else { continue }
      newest[last.path, default: []] += series.name.map { [$0] } ?? []
      let dated = series.versions.filter(\.isDated)
      let found = policy.reasons(for: dated.map(\.date).reversed())
      for version in dated {
        let known = reasons[version.path] ?? []
        reasons[version.path] = known + (found[version.date] ?? []).filter { !known.contains($0) }
      }
    }
    return (reasons, newest)
  }

  private func section(
    _ folder: Folder, of build: Build, in mirror: Mirror, _ names: ProtectingNames
  ) -> RetentionPlan.Section {
    let building = Set(
      build.arches.flatMap(\.subarches).flatMap { subarch in
        subarch.versions.filter(subarch.isBeingBuilt).map(\.date)
      })
    let isReadWhole = mirror.isReadWhole(folder.path)
    var items: [RetentionPlan.Item] = []
    let groups = Dictionary(grouping: folder.tarballs) { tarball in
      tarball.parsedName.snapshotParts?.name
    }
    for (name, tarballs) in groups {
      // An empty, damaged or withdrawn tarball is not a reason to remove another one.
      let past = Set(
        tarballs.filter(\.isOffered).compactMap { $0.parsedName.snapshotParts?.date }
      ).filter { $0 <= mirror.horizon }.sorted(by: >)
      let reasons = name == nil ? [:] : policy.reasons(for: past)
      for tarball in tarballs {
        let date = tarball.parsedName.snapshotParts?.date
        var why = protections(tarball.path, date: date, mirror, names)
        if !isReadWhole { why.append("\(mirror.displayed(folder.path)) could not be read completely") }
        if tarball.isWithdrawn { why.append("withdrawn: its notice is kept") }
        if let date {
          why += reasons[date] ?? []
          let age = today.days(since: date)
          if !tarball.isWhole, age < policy.staleDays {
            why.append("empty or damaged, but only \(counted(age, "day", "days")) old")
          }
          if building.contains(date) { why.append("a build of that version is in progress") }
        }
        let sidecars = folder.sidecars(of: tarball.name)
          .sorted { ($0.kind.removalOrder, $0.name) < ($1.kind.removalOrder, $1.name) }
        let beside = folder.signatures(ofDigestsOf: tarball.name) + sidecars.map(\.name)
        items.append(
          item(
            tarball.path, why, otherwise: "not kept by any rule", bytes: tarball.status.size,
            kind: .snapshot(beside.map { folder.path.appending($0) } + [tarball.path])))
      }
    }
    return RetentionPlan.Section(path: folder.path, items: items.sorted { $0.path < $1.path })
  }

  private func protections(
    _ path: MirrorPath, date: VersionDate?, _ mirror: Mirror, _ names: ProtectingNames
  ) -> [String] {
    var why = names.reasons(for: path)
    if let date {
      if date > mirror.horizon { why.append("dated in the future") }
    } else {
      why.append("its name is not a date; remove it by hand if it is not needed")
    }
    if names.mounts.contains(where: { $0.isWithin(path) }) { why.append("a file system is mounted there") }
    return why
  }

  private func item(
    _ path: MirrorPath, _ why: [String], otherwise: String, bytes: Int64, isComplete: Bool = false,
    kind: RetentionPlan.Item.Kind = .version
  ) -> RetentionPlan.Item {
    .init(
      path: path, isRemoved: why.isEmpty, reason: why.isEmpty ? otherwise : why.joined(separator: "; "),
      bytes: bytes, isComplete: isComplete, kind: kind)
  }
}

extension SidecarKind {
  /// Metalinks are removed before signatures, and signatures before digests: the reverse order of creation.
  fileprivate var removalOrder: Int {
    switch self {
    case .metalink: 0
    case .signature, .armored: 1
    case .hashText, .digests, .sha256, .spdx, .cyclonedx, .provenance, .contents, .listing, .withdrawal: 2
    }
  }
}
