import MirrorModel
import LinuxSystem

/// Names of versions and snapshots elsewhere: in links, control files, remote seeds and mounts.
struct ProtectingNames: Sendable {
  private struct Tables {
    var reasonsByPath: [MirrorPath: [String]] = [:]
    var targetsByPath: [MirrorPath: [String]] = [:]
    var destinations: [MirrorPath: MirrorPath] = [:]
  }

  private var tables = Tables()
  /// Those of an earlier scan, which are not copied for each section that is scanned again.
  private var earlier = Tables()
  /// Remote subarches, by the subarch that seeds them.
  private var remotes: [MirrorPath: [MirrorPath]] = [:]
  private let kinds: ArtifactKinds
  /// Mount points inside the mirror.
  let mounts: [MirrorPath]

  init(_ mirror: Mirror, mounts: [MirrorPath]) {
    self.mounts = mounts
    kinds = mirror.kinds
    let subarches = mirror.subarches + mirror.bystanders
    for subarch in subarches {
      if let seed = subarch.control.remoteSeed { remotes[seed, default: []].append(subarch.path) }
    }
    for link in mirror.bystanderFolders.lazy.flatMap(\.links) {
      tables.destinations[link.path] = link.destination
    }
    add(mirror.folders)
    add(mirror.bystanderFolders)
    for subarch in subarches { add(subarch.control, of: subarch.path) }
  }

  /// These names as those of an earlier scan, to which the names of another scan of a section can be added.
  var asEarlier: ProtectingNames {
    var names = self
    (names.earlier, names.tables) = (tables, Tables())
    return names
  }

  /// Adds the targets of the links in some folders.
  mutating func add(_ folders: some Sequence<Folder>) {
    let links = folders.flatMap(\.links)
    for link in links { tables.destinations[link.path] = link.destination }
    // Links to sidecars only accompany the links to their tarballs.
    for link in links where SidecarKind.parse(link.path.name, kinds) == nil {
      guard let destination = link.destination else { continue }
      // The link may name the directory, a file in it, or something deeper, through other links. Links inside
      // a version that point to the same version are removed together with it.
      for path in destination.steps(through: { tables.destinations[$0] ?? earlier.destinations[$0] })
      where !link.path.isWithin(path) {
        let isNear = link.path.isWithin(path.parent)
        tables.reasonsByPath[path, default: []].append(
          "named by the link \(isNear ? "\(link.path.name)" : "\(link.path)")")
      }
    }
  }

  /// Adds the versions that the control files of a subarch name, for itself and for the subarches that it
  /// seeds.
  mutating func add(_ control: ControlState, of subarch: MirrorPath) {
    for (target, version) in control.versions.sorted(by: { $0.key < $1.key }) {
      tables.targetsByPath[subarch.appending(version), default: []].append(target)
    }
    guard let seed = control.versions["stage3"], let seeded = remotes[subarch] else { return }
    tables.reasonsByPath[subarch.appending(seed), default: []] += seeded.map { "the seed of \($0)" }
  }

  func reasons(for path: MirrorPath) -> [String] {
    let named = Self.together(earlier.targetsByPath[path], tables.targetsByPath[path])
    let targets =
      named.isEmpty ? [] : ["named by .control/version as the last \(named.joined(separator: ", "))"]
    return Self.together(earlier.reasonsByPath[path], tables.reasonsByPath[path]) + targets
  }

  /// Both lists, without what the second one repeats.
  private static func together(_ first: [String]?, _ second: [String]?) -> [String] {
    guard let first else { return second ?? [] }
    return first + (second ?? []).filter { !first.contains($0) }
  }
}

extension MirrorPath {
  /// The lineage of the path, and of the path that results from following links.
  fileprivate func steps(through links: (MirrorPath) -> MirrorPath?) -> Set<MirrorPath> {
    var all = Set(lineage)
    var path = self
    // Linux follows at most this many links; source: path_resolution(7).
    for _ in 0..<40 {
      guard let link = path.lineage.last(where: { links($0) != nil }), let target = links(link) else { break }
      let rest = path.bytes.dropFirst(link.bytes.count + 1)
      path = target.joined(MirrorPath(bytes: Array(rest)))
      if rest.isEmpty { path = target }
      all.formUnion(path.lineage)
    }
    return all
  }
}
