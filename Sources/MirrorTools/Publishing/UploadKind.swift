import MirrorModel
import LinuxSystem

/// Kind of a file in an upload, determined by its path: one of the files that builds make.
enum UploadKind: Equatable {
  /// A release file of a version, or a snapshot.
  case tarball
  /// The list of names in a tarball.
  case contents(of: FileName)
  /// What a tarball contains, or how it was built.
  case document(SidecarKind, of: FileName)
  /// Digests of one tarball.
  case digests(SidecarKind, of: FileName)
  /// Digests of all tarballs of a version.
  case manifest(ManifestKind)
  /// A signature of another file.
  case signature(of: FileName)
  /// `status`, `failed`, `build-info.json`, notices and logs, which are replaced when a build is repeated.
  case record

  /// nil for files, or file names, that builds do not make.
  init?(_ path: MirrorPath, _ kinds: ArtifactKinds, in layout: MirrorLayout = .metro) {
    let name = path.name
    switch path.place.versionFile {
    case .log(let file):
      let isOwn = file == MirrorPath(bytes: name.bytes)
      guard file == "errors.json" || isOwn && (name.hasSuffix(".txt") || name.hasSuffix(".inputs.json"))
      else { return nil }
      self = .record
      return
    case .status, .buildInfo, .failedTargets, .withdrawal:
      self = .record
      return
    case .targets, .candidacy: return nil
    case nil: break
    }
    guard let directory = Directory(path.parent, kinds, in: layout) else { return nil }
    if let (_, file) = SignatureFormat.parse(name) {
      guard directory.holds(file) else { return nil }
      self = .signature(of: file)
    } else if let kind = Self.unsigned(name, directory) {
      self = kind
    } else {
      return nil
    }
  }

  private static func unsigned(_ name: FileName, _ directory: Directory) -> UploadKind? {
    if let kind = ManifestKind(fileName: name) { return directory.version == nil ? nil : .manifest(kind) }
    if directory.isOwn(name) { return .tarball }
    guard let (kind, tarball) = SidecarKind.parse(name, directory.kinds), directory.isOwn(tarball) else {
      return nil
    }
    switch kind {
    case .hashText, .digests, .sha256: return .digests(kind, of: tarball)
    case .contents, .listing: return .contents(of: tarball)
    case .spdx, .cyclonedx, .provenance: return .document(kind, of: tarball)
    case .withdrawal: return .record
    // Metalinks belong to the master, as do all indexes.
    case .metalink, .signature, .armored: return nil
    }
  }

  /// A directory that contains tarballs.
  struct Directory {
    /// nil for the directory of snapshots.
    let version: FileName?
    private let subarch: FileName
    private let layout: MirrorLayout
    fileprivate let kinds: ArtifactKinds

    /// nil for other directories.
    init?(_ path: MirrorPath, _ kinds: ArtifactKinds, in layout: MirrorLayout) {
      self.layout = layout
      self.kinds = kinds
      switch path.place {
      case .snapshots: (version, subarch) = (nil, path.name)
      case .version(let name, let place): (version, subarch) = (name, place.name)
      default: return nil
      }
    }

    /// Whether a name is that of a tarball made here: it contains the version, and the subarch unless versions of
    /// several kinds share its directory.
    func isOwn(_ name: FileName) -> Bool {
      guard let tarball = TarballName(name, kinds) else { return false }
      guard let version else { return tarball.snapshotParts != nil }
      if layout.isByName { return layout.releaseName(of: tarball.stem, in: version) != nil }
      let ending = [UInt8(ascii: "-")] + version.bytes
      return tarball.stem.bytes.suffix(ending.count).elementsEqual(ending)
        && tarball.stem.bytes.dropLast(ending.count).holds(subarch.bytes)
    }

    /// Whether a name is that of a file that may be signed.
    fileprivate func holds(_ file: FileName) -> Bool {
      switch UploadKind.unsigned(file, self) {
      case .tarball, .digests, .document, .manifest: true
      case .contents, .signature, .record, nil: false
      }
    }
  }

  /// Whether builds make such a link: to the newest tarball, or to one of its sidecars.
  static func isLink(
    _ path: MirrorPath, to destination: MirrorPath, _ kinds: ArtifactKinds, in layout: MirrorLayout = .metro
  ) -> Bool {
    if layout.isByName, MirrorLayout.isCurrentLink(path.name) {
      guard case .version(let version, _) = destination.place else { return false }
      return destination.parent == path.parent && VersionDate(version.bytes) != nil
    }
    let (sidecar, name) =
      SidecarKind.parse(path.name, kinds).map { ($0.kind, $0.tarball) } ?? (nil, path.name)
    guard let link = TarballName(name, kinds),
      let directory = Directory(destination.parent, kinds, in: layout)
    else {
      return false
    }
    let tarball: FileName
    if let sidecar {
      guard let (kind, named) = SidecarKind.parse(destination.name, kinds), kind == sidecar else {
        return false
      }
      tarball = named
    } else {
      tarball = destination.name
    }
    // A dated name is that of a tarball itself.
    guard directory.isOwn(tarball), link.snapshotParts == nil else { return false }
    if directory.version != nil { return destination.subarch == path.parent }
    guard destination.parent == path.parent, let snapshot = TarballName(tarball, kinds)?.snapshotParts else {
      return false
    }
    return link.stem.bytes.starts(with: Array("\(snapshot.name)-".utf8))
  }
}

extension ArraySlice<UInt8> {
  /// Whether it contains the given bytes.
  fileprivate func holds(_ part: [UInt8]) -> Bool { indices.contains { self[$0...].starts(with: part) } }
}
