package import LinuxSystem

/// The meaning of paths: converts between places and paths.
///
/// ``MirrorLayout`` defines the names of files, which differ between layouts.
package enum MirrorGrammar: Sendable {
  /// `BUILD/ARCH/SUBARCH/VERSION`, as in Metro's `buildrepo`. `releases/ARCH/autobuilds/MOMENT` on Gentoo's mirrors
  /// has the same depth.
  case metro

  static let snapshots: FileName = "snapshots"
  /// The directory of trees of binary packages: in the root, in a build, or in an architecture.
  package static let packages: FileName = "binpackages"
  private static let services: Set<FileName> = ["streams", "project"]

  /// Whether this name in a build is the directory of snapshots.
  package func isSnapshots(_ name: FileName) -> Bool { name == Self.snapshots }

  /// Whether an entry of the root is a directory of snapshots, as on Gentoo's mirrors.
  package func isSharedSnapshots(_ name: FileName) -> Bool { name == Self.snapshots }

  /// Whether an entry of the root has a special meaning, so that no build may use its name.
  package func isService(_ name: FileName) -> Bool { Self.services.contains(name) }

  /// The place that a path stands for.
  package func place(of path: MirrorPath) -> MirrorPlace {
    let parts = path.components
    guard let build = parts.first else { return .root }
    if parts.prefix(3).contains(Self.packages) { return .packages(path) }
    if isSharedSnapshots(build) {
      return parts.count == 1
        ? .snapshots(build: build) : .snapshot(MirrorPath(joining: parts[1...]), build: build)
    }
    if parts.count == 1 { return .build(build) }
    if isService(build) { return .service(path) }
    if isSnapshots(parts[1]) {
      return parts.count == 2
        ? .snapshots(build: build) : .snapshot(MirrorPath(joining: parts[2...]), build: build)
    }
    if parts.count == 2 { return .arch(parts[1], build: build) }
    let subarch = SubarchPlace(build: build, arch: parts[1], name: parts[2])
    if parts.count == 3 { return .subarch(subarch) }
    let rest = MirrorPath(joining: parts[4...])
    if parts[3] == ControlDirectory.name {
      return parts.count == 4 ? .control(subarch) : .controlFile(rest, subarch)
    }
    return parts.count == 4 ? .version(parts[3], subarch) : .versionFile(rest, version: parts[3], subarch)
  }

  /// The path of a place.
  package func path(of place: MirrorPlace) -> MirrorPath {
    switch place {
    case .root: .root
    case .build(let name): MirrorPath.root.appending(name)
    case .service(let path), .packages(let path): path
    case .snapshots(let build):
      isSharedSnapshots(build)
        ? MirrorPath.root.appending(build) : MirrorPath.root.appending(build).appending(Self.snapshots)
    case .snapshot(let file, let build): path(of: .snapshots(build: build)).joined(file)
    case .arch(let name, let build): MirrorPath.root.appending(build).appending(name)
    case .subarch(let subarch):
      path(of: .arch(subarch.arch, build: subarch.build)).appending(subarch.name)
    case .version(let name, let subarch): path(of: .subarch(subarch)).appending(name)
    case .versionFile(let file, let version, let subarch): path(of: .version(version, subarch)).joined(file)
    case .control(let subarch): path(of: .subarch(subarch)).appending(ControlDirectory.name)
    case .controlFile(let file, let subarch): path(of: .control(subarch)).joined(file)
    }
  }
}

extension MirrorPath {
  /// The place that the path stands for.
  package var place: MirrorPlace { MirrorGrammar.metro.place(of: self) }

  /// The path of a place.
  package init(_ place: MirrorPlace) { self = MirrorGrammar.metro.path(of: place) }

  /// Joins components.
  package init(joining components: ArraySlice<FileName>) {
    self.init(bytes: Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
  }

  /// The subarch that the path is or is inside of.
  package var subarch: MirrorPath? { place.subarch.map { MirrorPath(.subarch($0)) } }

  /// Whether it is the path of a subarch.
  package var isSubarch: Bool {
    if case .subarch = place { true } else { false }
  }

  /// The directory of the version that a file belongs to.
  package var version: MirrorPath? { place.version.map { MirrorPath(.version($0.name, $0.subarch)) } }

  /// The subarch or snapshot directory that contains a tarball; nil for one at the root or beside subarches.
  package var section: MirrorPath? {
    let place = place
    if place.snapshotName != nil { return parent }
    if case .subarch = place { return nil }
    return place.subarch.map { MirrorPath(.subarch($0)) }
  }

  /// The unit that a file is kept or removed with: a version, or a snapshot's tarball.
  package func unit(_ kinds: ArtifactKinds) -> MirrorPath? {
    let place = place
    if place.snapshotName != nil { return parent.appending(SidecarKind.parse(name, kinds)?.tarball ?? name) }
    return place.version.map { MirrorPath(.version($0.name, $0.subarch)) }
  }

  /// The path of a file in this subarch's control directory.
  package func control(_ file: ControlFile) -> MirrorPath {
    appending(ControlDirectory.name).joined(file.path)
  }

  /// The path of a file in this version.
  package func file(_ file: VersionFile) -> MirrorPath { joined(file.path) }
}
