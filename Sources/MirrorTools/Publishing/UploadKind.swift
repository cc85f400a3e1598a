import MirrorModel
import LinuxSystem

/// What a file of an upload is, by its path alone: one of those that a build makes.
enum UploadKind: Equatable {
  /// A tarball of a version, or a snapshot.
  case tarball
  /// The names in a tarball.
  case contents(of: FileName)
  /// Digests of one tarball.
  case digests(SidecarKind, of: FileName)
  /// Digests of a version's tarballs.
  case manifest(ManifestKind)
  /// A signature of another file.
  case signature(of: FileName)
  /// `status`, `build-info.json` and logs, which follow a build that is repeated.
  case record

  /// nil for what no build makes, or not under this name.
  init?(_ path: MirrorPath) {
    let name = path.name
    switch path.place.versionFile {
    case .log(let file):
      guard file == "errors.json" || file == MirrorPath(bytes: name.bytes) && name.hasSuffix(".txt") else {
        return nil
      }
      self = .record
      return
    case .status, .buildInfo:
      self = .record
      return
    case .targets: return nil
    case nil: break
    }
    guard let directory = Directory(path.parent) else { return nil }
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
    guard let (kind, tarball) = SidecarKind.parse(name), directory.isOwn(tarball) else { return nil }
    switch kind {
    case .hashText, .digests: return .digests(kind, of: tarball)
    case .contents: return .contents(of: tarball)
    // A metalink is the master's, as all of the index.
    case .metalink, .signature, .armored: return nil
    }
  }

  /// A directory that holds tarballs.
  struct Directory {
    /// nil for that of snapshots.
    let version: FileName?
    private let subarch: FileName

    /// nil for any other.
    init?(_ path: MirrorPath) {
      switch path.place {
      case .snapshots: (version, subarch) = (nil, path.name)
      case .version(let name, let place): (version, subarch) = (name, place.name)
      default: return nil
      }
    }

    /// Whether a name is that of a tarball that is made here: of a subarch and version both are part.
    func isOwn(_ name: FileName) -> Bool {
      guard let tarball = TarballName(name) else { return false }
      guard let version else { return tarball.snapshotParts != nil }
      let ending = [UInt8(ascii: "-")] + version.bytes
      return tarball.stem.bytes.suffix(ending.count).elementsEqual(ending)
        && tarball.stem.bytes.dropLast(ending.count).holds(subarch.bytes)
    }

    /// Whether a name is that of a file that may be signed.
    fileprivate func holds(_ file: FileName) -> Bool {
      switch UploadKind.unsigned(file, self) {
      case .tarball, .digests, .manifest: true
      case .contents, .signature, .record, nil: false
      }
    }
  }

  /// Whether a link of an upload is one that builds make: to the newest tarball, or to what describes that.
  static func isLink(_ path: MirrorPath, to destination: MirrorPath) -> Bool {
    let (sidecar, name) = SidecarKind.parse(path.name).map { ($0.kind, $0.tarball) } ?? (nil, path.name)
    guard let link = TarballName(name), let directory = Directory(destination.parent) else { return false }
    let tarball: FileName
    if let sidecar {
      guard let (kind, named) = SidecarKind.parse(destination.name), kind == sidecar else { return false }
      tarball = named
    } else {
      tarball = destination.name
    }
    // What is dated is a tarball's own name.
    guard directory.isOwn(tarball), link.snapshotParts == nil else { return false }
    if directory.version != nil { return destination.subarch == path.parent }
    guard destination.parent == path.parent, let snapshot = TarballName(tarball)?.snapshotParts else {
      return false
    }
    return link.stem.bytes.starts(with: Array("\(snapshot.name)-".utf8))
  }
}

extension ArraySlice<UInt8> {
  /// Whether other bytes are part of these.
  fileprivate func holds(_ part: [UInt8]) -> Bool { indices.contains { self[$0...].starts(with: part) } }
}
