import MirrorModel
import LinuxSystem

/// Decides what publishing does: a pure function of both listings, what is known, the settings and the clock.
struct PublishPlanner {
  let target: PublishTarget
  var knowledge = PublishKnowledge()
  /// Since when something is known to be superfluous, in seconds since the epoch.
  let grace: [MirrorPath: Int64]
  /// Seconds since the epoch.
  let now: Int64

  func plan(_ local: LocalListing, _ remote: RemoteListing) -> PublishPlan {
    var plan = PublishPlan()
    var published = Set<MirrorPath>()
    let standings = Standings(knowledge, local, remote, &plan)
    let stale = target.scope == .own || target.isStaged ? StaleVersions(local, remote, standings) : nil
    for entry in local.entries where entry.role != .link {
      if let reason = stale?.reason(against: entry, at: remote.nodes[entry.path]) {
        plan.leftOut.append(.init(path: entry.path, reason: reason))
        if remote.nodes[entry.path] != nil { published.insert(entry.path) }
        continue
      }
      published.insert(entry.path)
      plan.add(entry, standings[entry])
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
    // Where this server sends only its own, what is there already counts too; and so does what is held there.
    var reachable = published
    if target.scope == .own {
      reachable.formUnion(remote.nodes.keys)
    } else if !local.held.isEmpty {
      reachable.formUnion(remote.nodes.keys.filter(local.holds))
    }
    for path in published { reachable.formUnion(path.ancestors) }
    var waiting = local.entries.filter { $0.role == .link }
    var isDone = false
    // Links may name links.
    while !isDone {
      isDone = true
      waiting.removeAll { entry in
        guard let destination = Self.destination(of: entry), reachable.contains(destination) else {
          return false
        }
        let node = remote.nodes[entry.path]
        if knowledge.lacksLinks, node == nil {
          plan.leftOut.append(.init(path: entry.path, reason: "no symbolic link can be made there"))
          return true
        }
        reachable.insert(entry.path)
        published.insert(entry.path)
        isDone = false
        if !isOlderSnapshotLink(entry, at: node) { plan.add(entry, knowledge.standing(entry, node)) }
        return true
      }
    }
    plan.leftOut += waiting.map { .init(path: $0.path, reason: "what it names is not published") }
    // A link to what is held stays there as it is.
    published.formUnion(waiting.filter { Self.destination(of: $0).map(local.holds) ?? false }.map(\.path))
  }

  private static func destination(of entry: LocalEntry) -> MirrorPath? {
    guard case .link(let text) = entry.node else { return nil }
    return Link.destination(of: text, in: entry.path.parent, roots: [])
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
    let scope = RemoteScope(local, remote, knowledge.record, isWhole: target.scope == .all)
    // What is excluded is here, and stays there: as with rsync's own filters.
    var needed = published.union(local.excluded.keys)
    // The parts that came of what is about to be sent: it goes on from there.
    let coming = Set(plan.outstanding.map(\.path))
    needed.formUnion(remote.nodes.keys.filter { RsyncLeftover.file(of: $0).map(coming.contains) ?? false })
    for path in needed { needed.formUnion(path.ancestors) }
    for (path, node) in remote.nodes where !needed.contains(path) && !local.holds(path) {
      if knowledge.record == nil {
        if node != .directory, scope.looksOurs(path) { plan.unrecorded.append(path) }
      } else if scope.holds(path, node) {
        plan.superfluous[path] = min(grace[path] ?? now, now)
      }
    }
    plan.unrecorded.sort()
    let due = plan.superfluous.filter { now - $0.value >= target.grace }
    // A directory goes with the last that is in it.
    var occupied = Set<MirrorPath>()
    for path in remote.nodes.keys where due[path] == nil { occupied.formUnion(path.ancestors) }
    plan.deletions = due.keys.filter { !occupied.contains($0) }.sorted()
  }
}

extension PublishPlan {
  /// Notes an entry where it belongs.
  fileprivate mutating func add(_ entry: LocalEntry, _ standing: PublishKnowledge.Standing) {
    let differs = standing == .missing || standing == .different
    switch entry.role {
    case .payload where standing == .missing: payload.append(entry)
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
    if standing == .same { settled.append(entry) }
  }
}

/// How all files there relate to those here.
private struct Standings {
  private var standings: [MirrorPath: PublishKnowledge.Standing] = [:]

  /// - Parameter plan: is told what must be compared before all is known.
  init(
    _ knowledge: PublishKnowledge, _ local: LocalListing, _ remote: RemoteListing, _ plan: inout PublishPlan
  ) {
    var digests: [MirrorPath: [(entry: LocalEntry, node: ListedNode?)]] = [:]
    for entry in local.entries {
      guard let (kind, tarball) = SidecarKind.parse(entry.path.name), [.hashText, .digests].contains(kind)
      else { continue }
      digests[entry.path.parent.appending(tarball), default: []].append((entry, remote.nodes[entry.path]))
    }
    var questions: [MirrorPath: LocalEntry] = [:]
    for entry in local.entries where entry.role != .link {
      var standing = knowledge.standing(entry, remote.nodes[entry.path])
      if standing == .doubtful {
        if [.page, .index].contains(entry.role) {
          // These are compared whenever they are sent.
          standing = .same
        } else if knowledge.record?.files[entry.path] != nil {
          questions[entry.path] = entry
        } else {
          let (verdict, open) = knowledge.unrecorded(entry, digests: digests[entry.path] ?? [])
          standing = verdict
          for entry in open { questions[entry.path] = entry }
        }
      }
      standings[entry.path] = standing
    }
    plan.questions = questions.values.sorted { $0.path < $1.path }
  }

  subscript(entry: LocalEntry) -> PublishKnowledge.Standing { standings[entry.path] ?? .missing }
}

/// What on the other side is ours to remove: what this mirror sent into subarches and snapshots.
private struct RemoteScope {
  private let record: SentRecord?
  private let directories: Set<MirrorPath>
  private let subarches: Set<MirrorPath>
  /// Those that look like a mirror's, whoever's.
  private var apparent: Set<MirrorPath>
  private let isWhole: Bool

  init(_ local: LocalListing, _ remote: RemoteListing, _ record: SentRecord?, isWhole: Bool) {
    self.record = record
    directories = record?.directories ?? []
    subarches = local.subarches
    apparent = subarches
    self.isWhole = isWhole
    guard isWhole, record == nil else { return }
    // A subarch that is gone here is known by the `status` of its versions there.
    for path in remote.nodes.keys {
      let components = path.components
      guard components.count == 5, components[4] == "status", CalendarDate(components[3].bytes) != nil,
        !components.prefix(3).contains(where: \.isHidden)
      else { continue }
      apparent.insert(Self.subarch(components))
    }
  }

  private static func subarch(_ components: [FileName]) -> MirrorPath {
    components.prefix(3).reduce(.root) { $0.appending($1) }
  }

  /// Whether the record says that this mirror sent it, or a file in it, or of which it is a part.
  private func wasSent(_ path: MirrorPath) -> Bool {
    guard let record else { return false }
    if record.names(path) || directories.contains(path) { return true }
    if path.name == RsyncLeftover.directory { return directories.contains(path.parent) }
    return RsyncLeftover.file(of: path).map(record.names) ?? false
  }

  /// Whether it is ours to remove.
  func holds(_ path: MirrorPath, _ node: ListedNode) -> Bool {
    let components = path.components
    guard components.count >= 3, !["streams", "project"].contains(components[0]), wasSent(path) else {
      return false
    }
    if components[1] == "snapshots" { return looksOurs(path) }
    // What is in the directory of an arch is no subarch's.
    guard components.count > 3 || node == .directory else { return false }
    return (isWhole || subarches.contains(Self.subarch(components))) && Self.isVisible(components)
  }

  /// Whether its place and name are those of what mirrors send.
  func looksOurs(_ path: MirrorPath) -> Bool {
    let components = path.components
    guard components.count >= 3 else { return false }
    if components[1] == "snapshots" {
      let name = components[2]
      let isSnapshot = TarballName(name) != nil || SidecarKind.parse(name) != nil
      return isWhole && Self.isVisible(components)
        && (isSnapshot || RsyncLeftover.isOne(components[2...]))
    }
    return apparent.contains(Self.subarch(components)) && Self.isVisible(components)
  }

  /// What is hidden is not ours, but for what transfers that were killed left.
  private static func isVisible(_ components: [FileName]) -> Bool {
    !components.contains(where: \.isHidden) || RsyncLeftover.isOne(components[...])
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

  init(_ local: LocalListing, _ remote: RemoteListing, _ standings: Standings) {
    for entry in local.entries where entry.path.parent.name == "snapshots" {
      guard let node = remote.nodes[entry.path] else { continue }
      let differs = entry.role == .link ? node != entry.node : standings[entry] == .different
      if differs { others.insert(entry.path) }
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
