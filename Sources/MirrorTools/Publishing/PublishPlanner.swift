import MirrorModel
import LinuxSystem

/// Decides what to publish: a pure function of both listings, other knowledge, the settings and the clock.
struct PublishPlanner {
  let destination: PublishDestination
  var knowledge = PublishKnowledge()
  /// When files were first seen to be superfluous, in seconds since the epoch.
  let grace: [MirrorPath: Int64]
  /// Seconds since the epoch.
  let now: Int64

  func plan(_ local: LocalListing, _ remote: RemoteListing) -> PublishPlan {
    var plan = PublishPlan()
    var published = Set<MirrorPath>()
    let standings = Standings(knowledge, local, remote, &plan)
    let isPart = destination.scope == .own || destination.isStaged
    let stale = isPart && destination.files == nil ? StaleVersions(local, remote, standings) : nil
    let others = isPart ? Set(local.entries.map(\.path)) : nil
    for entry in local.entries where entry.role != .link {
      if let others, Self.isWithdrawn(entry.path, at: remote, others, local.kinds) {
        plan.leftOut.append(.init(path: entry.path, reason: "it was withdrawn there"))
        if remote.nodes[entry.path] != nil { published.insert(entry.path) }
        continue
      }
      if let reason = stale?.reason(against: entry, at: remote.nodes[entry.path]) {
        plan.leftOut.append(.init(path: entry.path, reason: reason))
        if remote.nodes[entry.path] != nil { published.insert(entry.path) }
        continue
      }
      published.insert(entry.path)
      plan.add(entry, standings[entry])
    }
    findRetracted(local, remote, published, &plan)
    addLinks(local, remote, &published, &plan)
    findSuperfluous(local, remote, published, &plan)
    return plan
  }

  /// Adds links whose targets are published.
  private func addLinks(
    _ local: LocalListing, _ remote: RemoteListing, _ published: inout Set<MirrorPath>,
    _ plan: inout PublishPlan
  ) {
    // A server that sends only its own subarches also counts files that are there already; held files count,
    // too.
    var reachable = published
    if destination.scope == .own {
      reachable.formUnion(remote.nodes.keys)
    } else if !local.held.isEmpty {
      reachable.formUnion(remote.nodes.keys.filter(local.holds))
    }
    reachable.formUnion(Set(directoriesOf: published))
    var waiting = local.entries.filter { $0.role == .link }
    var isDone = false
    // Links may point to links.
    while !isDone {
      isDone = true
      waiting.removeAll { entry in
        guard let destination = Self.destination(of: entry), reachable.contains(destination) else {
          return false
        }
        let node = remote.nodes[entry.path]
        if knowledge.lacksLinks, node == nil {
          plan.leftOut.append(.init(path: entry.path, reason: "symbolic links are not supported there"))
          return true
        }
        reachable.insert(entry.path)
        published.insert(entry.path)
        isDone = false
        if !isOlderSnapshotLink(entry, at: node) {
          plan.add(
            entry, knowledge.standing(entry, node),
            isRetreat: Self.leads(entry.path, node, toWithdrawnIn: local))
        }
        return true
      }
    }
    plan.leftOut += waiting.map { .init(path: $0.path, reason: "its target is not published") }
    // A link to a held target is left there as it is.
    published.formUnion(waiting.filter { Self.destination(of: $0).map(local.holds) ?? false }.map(\.path))
  }

  /// Whether the other side withdrew a file that is offered here.
  private static func isWithdrawn(
    _ path: MirrorPath, at remote: RemoteListing, _ local: Set<MirrorPath>, _ kinds: ArtifactKinds
  ) -> Bool {
    var notices = path.version.map { [$0.file(.withdrawal)] } ?? []
    let signed = SignatureFormat.parse(path.name)?.file ?? path.name
    let tarball = SidecarKind.parse(signed, kinds)?.tarball ?? signed
    notices.append(path.parent.appending(tarball.appending(SidecarKind.withdrawal.rawValue)))
    return notices.contains { remote.nodes[$0] != nil && !local.contains($0) }
  }

  /// Whether a link there leads to something that is withdrawn here.
  private static func leads(
    _ link: MirrorPath, _ node: ListedNode?, toWithdrawnIn local: LocalListing
  ) -> Bool {
    guard case .link(let text) = node else { return false }
    return Link.destination(of: text, in: link.parent, roots: []).map(local.isWithdrawn) ?? false
  }

  /// Finds what must disappear there at once, without a grace period.
  private func findRetracted(
    _ local: LocalListing, _ remote: RemoteListing, _ published: Set<MirrorPath>, _ plan: inout PublishPlan
  ) {
    guard !destination.isStaged, knowledge.record != nil, local.isWhole else { return }
    lazy var scope = RemoteScope(local, remote, knowledge.record, isWhole: destination.scope == .all)
    let here = Set(local.entries.map(\.path))
    for (path, node) in remote.nodes where !here.contains(path) && !local.holds(path) {
      let isNotice =
        path.place.versionFile == .withdrawal
        || SidecarKind.parse(path.name, local.kinds)?.kind == .withdrawal
      if isNotice {
        let isOffered =
          path.place.versionFile == .withdrawal
          ? published.contains { $0.isWithin(path.parent) }
          : SidecarKind.parse(path.name, local.kinds).map {
            published.contains(path.parent.appending($0.tarball))
          }
            ?? false
        if isOffered, scope.holds(path, node) { plan.lifted.append(path) }
        continue
      }
      let isPointer =
        Self.leads(path, node, toWithdrawnIn: local)
        || path.name.hasSuffix(".meta4") && local.isWithdrawn(path)
      let isFile =
        destination.deletes && node != .directory && local.isWithdrawn(path) && local.excluded[path] == nil
      if isPointer || isFile, scope.holds(path, node) { plan.retracted.append(path) }
    }
    plan.lifted.sort()
    plan.retracted.sort()
  }

  private static func destination(of entry: LocalEntry) -> MirrorPath? {
    guard case .link(let text) = entry.node else { return nil }
    return Link.destination(of: text, in: entry.path.parent, roots: [])
  }

  /// Several servers may make snapshots: the link to the newest one never moves back.
  private func isOlderSnapshotLink(_ entry: LocalEntry, at node: ListedNode?) -> Bool {
    guard destination.scope == .own, entry.path.place.isInSnapshots, case .link(let mine) = entry.node,
      case .link(let theirs) = node
    else { return false }
    return mine.lexicographicallyPrecedes(theirs)
  }

  private func findSuperfluous(
    _ local: LocalListing, _ remote: RemoteListing, _ published: Set<MirrorPath>, _ plan: inout PublishPlan
  ) {
    // A mirror that is missing or not mounted looks like one whose files were all deleted.
    guard destination.deletes, !destination.isStaged, local.isWhole else { return }
    lazy var scope = RemoteScope(local, remote, knowledge.record, isWhole: destination.scope == .all)
    // Excluded files exist here, and are kept there, as with rsync's own filters.
    var needed = published.union(local.excluded.keys)
    // Partial files of pending transfers are kept: rsync resumes from them.
    let coming = Set(plan.outstanding.map(\.path))
    needed.formUnion(remote.nodes.keys.filter { RsyncLeftover.file(of: $0).map(coming.contains) ?? false })
    needed.formUnion(plan.lifted + plan.retracted)
    needed.formUnion(Set(directoriesOf: needed))
    for (path, node) in remote.nodes where !needed.contains(path) && !local.holds(path) {
      guard local.hasVersions || path.place.isInPackages else { continue }
      if knowledge.record == nil {
        if node != .directory, scope.looksOurs(path) { plan.unrecorded.append(path) }
      } else if scope.holds(path, node) {
        plan.superfluous[path] = min(grace[path] ?? now, now)
      }
    }
    plan.unrecorded.sort()
    let due = plan.superfluous.filter { now - $0.value >= destination.grace }
    // A directory is removed with its last file.
    let occupied = due.isEmpty ? [] : Set(directoriesOf: remote.nodes.keys.lazy.filter { due[$0] == nil })
    plan.deletions = due.keys.filter { !occupied.contains($0) }.sorted()
  }
}

extension PublishPlan {
  /// Adds an entry to the list for its role.
  fileprivate mutating func add(
    _ entry: LocalEntry, _ standing: PublishKnowledge.Standing, isRetreat: Bool = false
  ) {
    let differs = standing == .missing || standing == .different
    switch entry.role {
    case .payload where standing == .missing: payload.append(entry)
    case .payload: if differs { replaced.append(entry) }
    case .link where isRetreat: if differs { retreats.append(entry) }
    case .status, .link: if differs { marks.append(entry) }
    case .control: if differs { control.append(entry) }
    case .page:
      pages.all.append(entry)
      if differs { pages.changed.append(entry) }
    case .index:
      indexes.all.append(entry)
      if differs { indexes.changed.append(entry) }
    }
    if standing == .same { settled.append(entry) }
  }
}
