/// Decides what publishing does: a pure function of both listings, the settings and the clock.
struct PublishPlanner {
  let target: PublishTarget
  /// Since when something is known to be superfluous, in seconds since the epoch.
  let grace: [MirrorPath: Int64]
  /// Seconds since the epoch.
  let now: Int64

  func plan(_ local: LocalListing, _ remote: RemoteListing) -> PublishPlan {
    var plan = PublishPlan()
    var published = Set<MirrorPath>()
    let stale = target.scope == .own || target.isStaged ? StaleVersions(local, remote) : nil
    for entry in local.entries where entry.role != .link {
      if let reason = stale?.reason(against: entry, at: remote.nodes[entry.path]) {
        plan.leftOut.append(.init(path: entry.path, reason: reason))
        if remote.nodes[entry.path] != nil { published.insert(entry.path) }
        continue
      }
      published.insert(entry.path)
      plan.add(entry, at: remote.nodes[entry.path])
    }
    addLinks(local, remote, &published, &plan)
    findSuperfluous(local, remote, published, &plan)
    return plan
  }

  /// A link is published if what it names is.
  private func addLinks(
    _ local: LocalListing, _ remote: RemoteListing, _ published: inout Set<MirrorPath>,
    _ plan: inout PublishPlan
  ) {
    // Where this server sends only its own, what lies there already counts too.
    var reachable = target.scope == .own ? published.union(remote.nodes.keys) : published
    for path in published { reachable.formUnion(path.ancestors) }
    var waiting = local.entries.filter { $0.role == .link }
    var isDone = false
    // Links may name links.
    while !isDone {
      isDone = true
      waiting.removeAll { entry in
        guard case .link(let text) = entry.node,
          let destination = Link.destination(of: text, in: entry.path.parent, roots: []),
          reachable.contains(destination)
        else { return false }
        reachable.insert(entry.path)
        published.insert(entry.path)
        isDone = false
        if !isOlderSnapshotLink(entry, at: remote.nodes[entry.path]) {
          plan.add(entry, at: remote.nodes[entry.path])
        }
        return true
      }
    }
    plan.leftOut += waiting.map { .init(path: $0.path, reason: "what it names is not published") }
  }

  /// Several servers may make snapshots: the link to the newest never goes back.
  private func isOlderSnapshotLink(_ entry: LocalEntry, at node: ListedNode?) -> Bool {
    guard target.scope == .own, entry.path.parent.name == "snapshots", case .link(let mine) = entry.node,
      case .link(let theirs) = node
    else { return false }
    return mine.lexicographicallyPrecedes(theirs)
  }

  private func findSuperfluous(
    _ local: LocalListing, _ remote: RemoteListing, _ published: Set<MirrorPath>, _ plan: inout PublishPlan
  ) {
    // A mirror that is not there, or not mounted, looks like one of which all was removed.
    guard target.deletes, !target.isStaged, local.hasVersions, local.isWhole else { return }
    let scope = RemoteScope(local, remote, known: grace, isWhole: target.scope == .all)
    // What is excluded is here, and stays there: as with rsync's own filters.
    var needed = published.union(local.excluded.keys)
    // The parts that came of what is about to be sent: it goes on from there.
    let coming = Set(plan.outstanding.map(\.path))
    needed.formUnion(remote.nodes.keys.filter { RsyncLeftover.file(of: $0).map(coming.contains) ?? false })
    for path in needed { needed.formUnion(path.ancestors) }
    for path in remote.nodes.keys where !needed.contains(path) && scope.holds(path) {
      plan.superfluous[path] = min(grace[path] ?? now, now)
    }
    let due = plan.superfluous.filter { now - $0.value >= target.grace }
    // A directory goes with the last that is in it.
    var occupied = Set<MirrorPath>()
    for path in remote.nodes.keys where due[path] == nil { occupied.formUnion(path.ancestors) }
    plan.deletions = due.keys.filter { !occupied.contains($0) }.sorted()
  }
}

extension PublishPlan {
  /// Notes an entry where it belongs, if it is not there as it is here.
  fileprivate mutating func add(_ entry: LocalEntry, at node: ListedNode?) {
    let differs = node != entry.node
    switch entry.role {
    case .payload where node == nil: payload.append(entry)
    case .payload: if differs { replaced.append(entry) }
    case .status, .link: if differs { marks.append(entry) }
    case .control: if differs { control.append(entry) }
    case .page:
      pages.all.append(entry)
      if differs { pages.changed.append(entry) }
    case .index:
      indexes.all.append(entry)
      if differs { indexes.changed.append(entry) }
    }
  }
}

/// What on the other side is ours to remove: what lies in subarches and snapshots.
private struct RemoteScope {
  private var subarches: Set<MirrorPath>
  private let held: Set<MirrorPath>
  /// What was found to be ours by an earlier run, which may have removed what told so.
  private let known: [MirrorPath: Int64]
  private let isWhole: Bool

  init(_ local: LocalListing, _ remote: RemoteListing, known: [MirrorPath: Int64], isWhole: Bool) {
    subarches = local.subarches
    held = Set(local.held)
    self.known = known
    self.isWhole = isWhole
    guard isWhole else { return }
    // A subarch that is gone here is known by the `status` of its versions there.
    for path in remote.nodes.keys {
      let components = path.components
      guard components.count == 5, components[4] == "status", CalendarDate(components[3].bytes) != nil,
        !components.prefix(3).contains(where: \.isHidden)
      else { continue }
      subarches.insert(
        MirrorPath.root.appending(components[0]).appending(components[1]).appending(components[2]))
    }
  }

  func holds(_ path: MirrorPath) -> Bool {
    guard !held.contains(path), !path.ancestors.contains(where: held.contains) else { return false }
    if known[path] != nil { return true }
    let components = path.components
    let isOurs: Bool
    if components.count >= 3, components[1] == "snapshots" {
      let name = components[2]
      let isSnapshot = TarballName(name) != nil || SidecarKind.parse(name) != nil
      isOurs = isWhole && (isSnapshot || RsyncLeftover.isOne(components[2...]))
    } else {
      isOurs =
        components.count >= 3
        && subarches.contains(
          MirrorPath.root.appending(components[0]).appending(components[1]).appending(components[2]))
    }
    // What is hidden is not ours, but for what transfers that were killed left.
    return isOurs && (!components.contains(where: \.isHidden) || RsyncLeftover.isOne(components[...]))
  }
}

/// What rsync leaves when it is killed.
enum RsyncLeftover {
  /// Where it keeps what came only in part.
  static let directory: FileName = ".~partial~"

  /// The file that came in part; nil for a path that is none, and for the directory of parts.
  static func file(of path: MirrorPath) -> MirrorPath? {
    if path.parent.name == directory { return path.parent.parent.appending(path.name) }
    guard path.name != directory, isOne(path.components[...]) else { return nil }
    return path.parent.appending(FileName(bytes: Array(path.name.bytes.dropFirst().dropLast(7))))
  }

  /// Whether the hidden part of a path is rsync's: its directory, or `.NAME.XXXXXX`.
  static func isOne(_ components: ArraySlice<FileName>) -> Bool {
    guard let hidden = components.first(where: \.isHidden) else { return false }
    if hidden == directory { return true }
    guard hidden == components.last else { return false }
    let parts = hidden.bytes.dropFirst().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count > 2, let ending = parts.last, ending.count == 6 else { return false }
    let name = FileName(bytes: Array(hidden.bytes.dropFirst().dropLast(7)))
    return ending.allSatisfy(\.isLetterOrDigit)
      && (TarballName(name) != nil || SidecarKind.parse(name) != nil)
  }
}

extension UInt8 {
  fileprivate var isLetterOrDigit: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
  }
}

/// Where the other side cleans by itself, what it has cleaned is not sent again.
private struct StaleVersions {
  /// The newest version of each subarch, and date of each kind of snapshot, that is there.
  private var newest: [MirrorPath: CalendarDate] = [:]
  private var versions: Set<MirrorPath> = []
  /// Snapshots that are there, of the name of one that is here, and not that one.
  private var others: Set<MirrorPath> = []

  init(_ local: LocalListing, _ remote: RemoteListing) {
    for entry in local.entries where entry.path.parent.name == "snapshots" {
      if let node = remote.nodes[entry.path], node != entry.node { others.insert(entry.path) }
    }
    for path in remote.nodes.keys {
      guard let (group, date) = Self.dated(path) else { continue }
      newest[group] = max(newest[group] ?? date, date)
      if let version = Self.version(of: path) { versions.insert(version) }
    }
  }

  /// Why an entry is not to be sent; nil if it is.
  func reason(against entry: LocalEntry, at node: ListedNode?) -> String? {
    let components = entry.path.components
    if components.count == 3, components[1] == "snapshots" {
      guard TarballName(components[2]) != nil || SidecarKind.parse(components[2]) != nil else {
        return "the other side writes it by itself"
      }
      // Each server makes its own of the same name: the first one stays, and what describes it.
      let tarball = SidecarKind.parse(components[2])?.tarball ?? components[2]
      if others.contains(entry.path) || others.contains(entry.path.parent.appending(tarball)) {
        return "another one of that name is there"
      }
      if node != nil { return nil }
    } else if let version = Self.version(of: entry.path), versions.contains(version) {
      return nil
    }
    guard let (group, date) = Self.dated(entry.path), let latest = newest[group], date < latest else {
      return nil
    }
    return "a newer one is there"
  }

  private static func version(of path: MirrorPath) -> MirrorPath? {
    let components = path.components
    guard components.count > 4, !components[3].isHidden, components[1] != "snapshots" else { return nil }
    return components[..<4].reduce(.root) { $0.appending($1) }
  }

  /// What is one of a row of dates, and its date.
  private static func dated(_ path: MirrorPath) -> (group: MirrorPath, date: CalendarDate)? {
    let components = path.components
    if components.count == 3, components[1] == "snapshots" {
      let tarball = SidecarKind.parse(components[2])?.tarball ?? components[2]
      return TarballName(tarball)?.snapshotParts.map { (path.parent.appending(FileName($0.name)), $0.date) }
    }
    guard let version = version(of: path), let date = CalendarDate(components[3].bytes) else { return nil }
    return (version.parent, date)
  }
}
