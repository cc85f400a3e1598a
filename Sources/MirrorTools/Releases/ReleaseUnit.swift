import MirrorModel
import LinuxSystem

/// Something that can be withdrawn: a version, one artifact of a version, or a snapshot.
enum ReleaseUnit: Sendable {
  case version(Version, Subarch)
  case artifact(Tarball, Version, Subarch)
  /// The tarball is nil once it was deleted.
  case snapshot(MirrorPath, Tarball?, Folder)

  /// - Throws: if the mirror has nothing of that kind there.
  init(_ path: MirrorPath, in mirror: Mirror) throws(MirrorError) {
    let isNotice = SidecarKind.parse(path.name, mirror.kinds)?.kind == .withdrawal
    let path = isNotice ? path.parent.appending(path.name.dropping(last: 10)) : path
    for build in mirror.builds {
      if let folder = build.snapshots, folder.path == path.parent {
        let tarball = folder.tarball(path.name)
        let isKnown = folder.sidecar(.withdrawal, of: path.name) != nil
        guard tarball != nil || isKnown else { break }
        self = .snapshot(path, tarball, folder)
        return
      }
      for subarch in build.arches.lazy.flatMap(\.subarches) where path.isWithin(subarch.path) {
        guard let version = subarch.versions.first(where: { path.isWithin($0.path) }) else { continue }
        if version.path == path {
          self = .version(version, subarch)
          return
        }
        guard let tarball = version.folder.tarballs.first(where: { $0.path == path }) else { continue }
        self = .artifact(tarball, version, subarch)
        return
      }
    }
    throw MirrorError(
      .invalid, mirror.displayed(path), "is not a version, an artifact of a version or a snapshot",
      remedy: "use BUILD/ARCH/SUBARCH/VERSION, a tarball in it, or BUILD/snapshots/TARBALL")
  }

  var path: MirrorPath {
    switch self {
    case .version(let version, _): version.path
    case .artifact(let tarball, _, _): tarball.path
    case .snapshot(let path, _, _): path
    }
  }

  /// Path of the notice that withdraws it.
  var notice: MirrorPath {
    if case .version(let version, _) = self { return version.path.file(.withdrawal) }
    return path.parent.appending(path.name.appending(SidecarKind.withdrawal.rawValue))
  }

  var subarch: Subarch? {
    switch self {
    case .version(_, let subarch), .artifact(_, _, let subarch): subarch
    case .snapshot: nil
    }
  }

  var version: Version? {
    switch self {
    case .version(let version, _), .artifact(_, let version, _): version
    case .snapshot: nil
    }
  }

  /// Whether a notice withdraws it.
  var isWithdrawn: Bool {
    switch self {
    case .version(let version, _): version.isWithdrawn
    case .artifact(let tarball, _, _): tarball.isWithdrawn
    case .snapshot(_, let tarball, _): tarball?.isWithdrawn ?? true
    }
  }

  /// Whether there is something to offer, if it were not withdrawn.
  var isSound: Bool {
    switch self {
    case .version(let version, _): version.isSound
    case .artifact(let tarball, _, _): tarball.isWhole
    case .snapshot(_, let tarball, _): tarball?.isWhole ?? false
    }
  }

  /// How links and records move when it is offered, in a mirror where it is.
  func pointers(offeredIn mirror: Mirror, _ notice: ReleaseNotice) throws(MirrorError) -> PointerPlan {
    switch try ReleaseUnit(path, in: mirror) {
    case .version(let version, let subarch), .artifact(_, let version, let subarch):
      guard version.isComplete else { return PointerPlan() }
      return PointerPlan(offering: version, of: subarch, in: mirror, notice)
    case .snapshot(_, let tarball, let folder):
      guard let tarball, tarball.isOffered else { return PointerPlan() }
      return PointerPlan(offering: tarball, among: folder, in: mirror, notice)
    }
  }

  /// The files that are deleted if it is withdrawn with its files, in order: signatures and digests before the
  /// tarballs that they describe.
  var files: [MirrorPath] {
    switch self {
    case .version(let version, _):
      return ([version.folder] + version.nested).flatMap { folder in
        let manifests = ManifestKind.allCases.filter { folder.manifests.contains(ManifestKinds($0)) }
        let names =
          folder.digestSignatures.map(\.name)
          + folder.sidecars.filter { $0.kind != .withdrawal }.reversed().map(\.name)
          + manifests.map(\.fileName) + folder.marks.map(\.name) + folder.tarballs.map(\.name)
        return names.map { folder.path.appending($0) }
      }
    case .artifact(let tarball, let version, _): return Self.files(of: tarball.name, in: version.folder)
    case .snapshot(let path, let tarball, let folder):
      return tarball == nil ? [] : Self.files(of: path.name, in: folder)
    }
  }

  private static func files(of tarball: FileName, in folder: Folder) -> [MirrorPath] {
    let sidecars = folder.sidecars(of: tarball).filter { $0.kind != .withdrawal }
    let names = folder.signatures(ofDigestsOf: tarball) + sidecars.reversed().map(\.name) + [tarball]
    return names.map { folder.path.appending($0) }
  }
}
