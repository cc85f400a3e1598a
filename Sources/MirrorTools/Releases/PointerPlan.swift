import MirrorModel
import LinuxSystem

/// Moves links and `.control/version` to what is offered, and away from what is not: a pure function of a mirror.
struct PointerPlan: Sendable {
  /// A link to move.
  struct Move: Hashable, Sendable {
    let link: MirrorPath
    /// What it leads to now; nil if it does not exist.
    let from: MirrorPath?
    /// What it will lead to; nil to remove it.
    let to: MirrorPath?
  }

  /// A file of `.control/version` to write.
  struct Record: Hashable, Sendable {
    let file: MirrorPath
    /// nil to remove it.
    let version: FileName?
  }

  /// In path order.
  private(set) var moves: [Move] = []
  private(set) var records: [Record] = []
  /// Whether it leads to something that will be offered, whose metalinks are written later.
  private(set) var isForward = false

  var isEmpty: Bool { moves.isEmpty && records.isEmpty }

  /// Moves nothing.
  init() {}

  /// The links and records that lead to something, as moves to nowhere.
  init(leadingTo unit: ReleaseUnit, in mirror: Mirror) {
    for link in mirror.folders.lazy.flatMap(\.links)
    where SidecarKind.parse(link.path.name, mirror.kinds) == nil {
      guard let target = link.destination, target.isWithin(unit.path), !link.path.isWithin(unit.path) else {
        continue
      }
      moves.append(Move(link: link.path, from: target, to: nil))
    }
    if let version = unit.version, let subarch = unit.subarch {
      for (target, name) in subarch.control.versions where name == version.name {
        if case .artifact(let tarball, _, _) = unit, tarball.variant(in: version) != Self.variant(of: target)
        {
          continue
        }
        records.append(
          Record(file: subarch.path.control(.version(target: MirrorPath(target))), version: nil))
      }
    }
    sort()
  }

  /// Leads away from everything in a mirror that is withdrawn or a candidate.
  init(leavingMarked mirror: Mirror) {
    let marks = MarkedReleases(mirror)
    guard !marks.isEmpty else { return }
    for link in mirror.folders.lazy.flatMap(\.links)
    where SidecarKind.parse(link.path.name, mirror.kinds) == nil {
      guard let target = link.destination, marks.holds(target),
        !link.path.isWithin(target.unit(mirror.kinds) ?? target)
      else { continue }
      // A file that is neither a tarball nor a directory has no counterpart elsewhere.
      guard target.version == nil || mirror.kinds.includes(target.name) else { continue }
      moves.append(Move(link: link.path, from: target, to: marks.substitute(for: target, of: link.path)))
    }
    for subarch in mirror.subarches {
      for (target, version) in subarch.control.versions {
        guard let named = subarch.versions.first(where: { $0.name == version }),
          named.isWithdrawn || named.holdsWithdrawn(target)
        else { continue }
        let other = subarch.built.last { $0.offered(Self.variant(of: target)) != nil }
        records.append(
          Record(file: subarch.path.control(.version(target: MirrorPath(target))), version: other?.name))
      }
    }
    sort()
  }

  /// Leads to a version that will be offered, where nothing newer is.
  ///
  /// - Parameter notice: the links and records that it had, or would have had.
  init(offering version: Version, of subarch: Subarch, in mirror: Mirror, _ notice: ReleaseNotice) {
    isForward = true
    guard !version.isFuture else { return }
    let newer = subarch.built.filter { $0.path != version.path && $0.date > version.date }
    let tarballs = version.folder.tarballs.filter { tarball in
      guard tarball.isOffered, let variant = tarball.variant(in: version) else { return false }
      return !newer.contains { $0.offered(variant) != nil }
    }
    let variants = Dictionary(
      tarballs.compactMap { tarball in tarball.variant(in: version).map { ($0, tarball.path) } }
    ) { first, _ in first }
    for link in mirror.folders.lazy.flatMap(\.links)
    where SidecarKind.parse(link.path.name, mirror.kinds) == nil {
      guard let target = link.destination, target.parent.parent == subarch.path,
        let other = subarch.versions.first(where: { $0.path == target.parent }), other.path != version.path,
        let variant = TarballName(target.name, mirror.kinds)?.variant(in: other),
        let tarball = variants[variant]
      else { continue }
      moves.append(Move(link: link.path, from: target, to: tarball))
    }
    // A tarball may have been compressed since the notice was written.
    let paths = Dictionary(tarballs.map { ($0.path.stem(mirror.kinds), $0.path) }) { first, _ in first }
    for pointer in notice.pointers {
      guard let tarball = paths[pointer.target.stem(mirror.kinds)] else { continue }
      add(pointer.link, to: tarball, in: mirror)
    }
    // In a layout by name, the index run makes the links.
    if !mirror.layout.isByName, let stage3 = variants["stage3"], !moves.contains(where: { $0.to == stage3 }) {
      add(subarch.path.appending("stage3-latest.tar.xz"), to: stage3, in: mirror)
    }
    let known = subarch.control.versions.filter { _, name in
      subarch.versions.first { $0.name == name }.map { $0.date < version.date } ?? true
    }
    let lost = notice.records.filter { subarch.control.versions[$0] == nil }
    for target in Set(Array(known.keys) + lost) where variants[Self.variant(of: target)] != nil {
      guard let file = ControlFile(MirrorPath("version/\(target)")) else { continue }
      records.append(Record(file: subarch.path.control(file), version: version.name))
    }
    sort()
  }

  /// Leads to a snapshot that will be offered, where nothing newer is.
  init(offering snapshot: Tarball, among folder: Folder, in mirror: Mirror, _ notice: ReleaseNotice) {
    isForward = true
    guard let parts = snapshot.parsedName.snapshotParts, parts.date <= mirror.horizon else { return }
    for link in mirror.folders.lazy.flatMap(\.links)
    where SidecarKind.parse(link.path.name, mirror.kinds) == nil {
      guard let target = link.destination, target.parent == folder.path,
        let other = TarballName(target.name, mirror.kinds)?.snapshotParts, other.name == parts.name,
        other.date < parts.date
      else { continue }
      moves.append(Move(link: link.path, from: target, to: snapshot.path))
    }
    for pointer in notice.pointers where pointer.target == snapshot.path {
      add(pointer.link, to: pointer.target, in: mirror)
    }
    sort()
  }

  /// Adds a link that does not exist in any format.
  private mutating func add(_ link: MirrorPath, to target: MirrorPath, in mirror: Mirror) {
    guard let name = TarballName(link.name, mirror.kinds),
      !moves.contains(where: { $0.to == target && $0.link == link })
    else { return }
    let names = Set(name.alternatives)
    let existing = mirror.folders.first { $0.path == link.parent }?.links.first {
      names.contains($0.path.name)
    }
    guard existing == nil else { return }
    moves.append(Move(link: link, from: nil, to: target))
  }

  private mutating func sort() {
    moves.sort { $0.link < $1.link }
    records.sort { $0.file < $1.file }
  }

  /// The variant of a name below `.control/version`: `openvz` of `stage4/openvz`.
  static func variant(of target: String) -> String { String(MirrorPath(target).name.description) }
}

/// What in a mirror is withdrawn or a candidate, and what takes its place.
private struct MarkedReleases {
  private var versions: [MirrorPath: Subarch] = [:]
  private var tarballs: Set<MirrorPath> = []
  private var snapshots: [MirrorPath: Folder] = [:]
  private let subarches: [MirrorPath: Subarch]
  private let horizon: VersionDate
  private let kinds: ArtifactKinds
  private let layout: MirrorLayout

  init(_ mirror: Mirror) {
    horizon = mirror.horizon
    kinds = mirror.kinds
    layout = mirror.layout
    var subarches: [MirrorPath: Subarch] = [:]
    for subarch in mirror.subarches {
      for version in subarch.versions {
        if version.isWithdrawn || version.isCandidate { versions[version.path] = subarch }
        let withdrawn = version.folder.tarballs.filter(\.isWithdrawn).map(\.path)
        tarballs.formUnion(withdrawn)
        if !withdrawn.isEmpty { subarches[subarch.path] = subarch }
      }
    }
    for folder in mirror.builds.compactMap(\.snapshots) {
      // A notice remains when its snapshot is deleted.
      for sidecar in folder.sidecars where sidecar.kind == .withdrawal {
        snapshots[folder.path.appending(sidecar.tarball)] = folder
      }
    }
    self.subarches = subarches
  }

  var isEmpty: Bool { versions.isEmpty && tarballs.isEmpty && snapshots.isEmpty }

  func holds(_ path: MirrorPath) -> Bool {
    tarballs.contains(path) || snapshots[path] != nil || versions[path] != nil
      || path.version.map { versions[$0] != nil } ?? false
  }

  /// What a link to `path` leads to instead; nil if there is nothing.
  func substitute(for path: MirrorPath, of link: MirrorPath) -> MirrorPath? {
    if let folder = snapshots[path] { return snapshot(for: path, folder) }
    if let subarch = versions[path] {
      guard layout.isByName, MirrorLayout.isCurrentLink(link.name) else {
        return subarch.newestComplete?.path
      }
      return subarch.newestOffers().first {
        MirrorLayout.currentLink(of: $0.artifact.releaseName(in: $0.version)) == link.name
      }?.version.path
    }
    guard let home = path.version, let subarch = versions[home] ?? subarches[home.parent],
      let variant = TarballName(path.name, kinds)?.variant(of: home, in: layout)
    else { return nil }
    return subarch.built.lazy.reversed().compactMap { $0.offered(variant, like: kinds.format(of: path.name)) }
      .first?.path
  }

  private func snapshot(for path: MirrorPath, _ folder: Folder) -> MirrorPath? {
    guard let own = TarballName(path.name, kinds)?.snapshotParts else { return nil }
    let others = folder.tarballs.compactMap { tarball in
      tarball.parsedName.snapshotParts.map { (name: $0.name, date: $0.date, tarball: tarball) }
    }.filter { $0.name == own.name && $0.tarball.isOffered && $0.date <= horizon }
    return others.max { $0.date < $1.date }?.tarball.path
  }
}

extension Version {
  /// An offered tarball of a variant, also of one that no index lists, such as stage1.
  ///
  /// - Parameter format: the preferred format.
  fileprivate func offered(_ variant: String, like format: ArtifactFormat? = nil) -> Tarball? {
    let found = folder.tarballs.filter {
      $0.isOffered && !isBeingCompressed($0) && $0.variant(in: self) == variant
    }
    return found.first { $0.format == format } ?? found.first { $0.format.isReleased }
      ?? found.first
  }

  /// Whether the tarball that a name below `.control/version` records is withdrawn.
  fileprivate func holdsWithdrawn(_ target: String) -> Bool {
    let variant = PointerPlan.variant(of: target)
    return folder.tarballs.contains { $0.isWithdrawn && $0.variant(in: self) == variant }
  }
}

extension Tarball {
  fileprivate func variant(in version: Version) -> String? {
    parsedName.variant(of: version.path, in: version.folder.layout)
  }
}

extension MirrorPath {
  /// The path of a tarball without its extension.
  fileprivate func stem(_ kinds: ArtifactKinds) -> MirrorPath {
    TarballName(name, kinds).map { parent.appending($0.stem) } ?? self
  }
}
