public import LinuxSystem
public import MirrorModel
public import SystemPackage

/// Files that a subarch needs before its first build.
public struct SubarchSetup: Encodable, Sendable {
  /// The seed of the first build.
  public enum Seed: Sendable {
    /// A stage3 tarball on this host, which is copied or linked into the subarch.
    case local(FilePath, version: VersionDate?)
    /// The stage3 of another subarch of the mirror: `BUILD/ARCH/SUBARCH`.
    case remote(MirrorPath)
  }

  /// A file in `.control`, and its line.
  struct Said: Encodable, Sendable {
    let path: MirrorPath
    let line: String
  }

  /// A tarball on this host, and its place in the mirror.
  struct Placement: Encodable, Sendable {
    let source: String
    let path: MirrorPath
  }

  /// The subarch that is prepared.
  let subarch: MirrorPath
  /// Relative to the root of the mirror, parents first.
  let directories: [MirrorPath]
  let files: [Said]
  let placement: Placement?

  /// Plans the setup from names alone.
  ///
  /// - Parameter subarch: `BUILD/ARCH/SUBARCH`.
  /// - Throws: if the name of the seed has no date or is not that of a tarball, or a name is not valid.
  public init(
    _ subarch: MirrorPath, from seed: Seed, layout: MirrorLayout, kinds: ArtifactKinds
  ) throws(MirrorError) {
    let names = try Self.names(of: subarch)
    var directories = [
      layout.snapshots(of: names.build), subarch.control(.buildStrategy).parent,
    ]
    var files: [Said] = []
    func say(_ file: ControlFile, _ line: String) {
      files.append(Said(path: subarch.control(file), line: line))
    }
    switch seed {
    case .local(let file, let version):
      let tarball = try SeedName(file, version: version, kinds)
      let place = subarch.appending(FileName(tarball.version.description))
      let usual = layout.stem(of: "stage3", in: place.name, of: names).appending(tarball.suffix)
      // On Gentoo's mirrors the name says the variant.
      let name = layout.isByName && tarball.isNamed(in: place, layout, kinds) ? tarball.name : usual
      directories += [subarch.control(.version(target: "stage3")).parent, place]
      placement = Placement(source: file.string, path: place.appending(name))
      // A seed is not offered, unlike a version that another program made.
      if layout.takesForeignVersions { files.append(Said(path: place.file(.targets), line: "stage3")) }
      say(.version(target: "stage3"), tarball.version.description)
      say(.buildStrategy, "local")
    case .remote(let other):
      let other = try Self.names(of: other)
      directories.append(subarch.control(.remoteBuild).parent)
      placement = nil
      say(.buildStrategy, "remote")
      say(.remoteBuild, "\(other.build)")
      say(.remoteArch, "\(other.arch)")
      say(.remoteSubarch, "\(other.name)")
    }
    say(.seedStrategy, "stage3")
    self.subarch = subarch
    self.directories = directories
    self.files = files
  }

  /// The names of a subarch; throws if they are not valid.
  static func names(of subarch: MirrorPath) throws(MirrorError) -> SubarchPlace {
    let names = subarch.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard names.count == 3, names.allSatisfy({ !$0.isEmpty && $0.first != UInt8(ascii: ".") }),
      case .subarch(let place) = subarch.place
    else {
      throw MirrorError(
        .invalid, "\(subarch)", "is not a subarch",
        remedy: "give build, arch and subarch, e.g. funtoo-current x86-64bit generic_64")
    }
    return place
  }
}

/// Version and suffix from the name of a seed.
private struct SeedName {
  let name: FileName
  let version: VersionDate
  /// `.tar.xz`.
  let suffix: String

  init(_ file: FilePath, version: VersionDate?, _ kinds: ArtifactKinds) throws(MirrorError) {
    let bytes = file.lastComponent.map { FilePath(root: nil, components: $0).bytes } ?? []
    guard let name = TarballName(FileName(bytes: bytes), kinds), name.format.isTarball else {
      throw MirrorError(
        .invalid, file.string, "is not named like a tarball",
        remedy: "use a name that ends in .tar, .tar.xz, .tar.zst, .tar.gz or .tar.bz2")
    }
    self.name = FileName(bytes: bytes)
    suffix = name.suffix
    guard let version = version ?? VersionDate.first(in: bytes) else {
      throw MirrorError(.invalid, file.string, "has no date in its name", remedy: "\(run: .seedVersion)")
    }
    self.version = version
  }

  /// Whether the name is that of a stage3 in a version.
  func isNamed(in version: MirrorPath, _ layout: MirrorLayout, _ kinds: ArtifactKinds) -> Bool {
    let variant = TarballName(name, kinds)?.variant(of: version, in: layout)
    return variant.map { $0 == "stage3" || $0.hasPrefix("stage3-") } ?? false
  }
}
