package import LinuxSystem

/// The layout of a mirror: the names of files, links and lists in it.
///
/// The meaning of paths is the same in all layouts (``MirrorGrammar``). Verbs ask the layout; they do not
/// distinguish cases themselves. It comes from the configuration, and every ``Folder`` of a scan has it.
public enum MirrorLayout: String, CaseIterable, Sendable {
  /// That of Metro's `buildrepo`: the tarballs of a version replace those of the version before it.
  case metro
  /// That of Gentoo's mirrors, `releases/ARCH/autobuilds/MOMENT`: each moment has files of some names, such as
  /// `stage3-amd64-openrc`, and a file replaces the earlier files of its name.
  case gentoo

  /// The file beside each tarball with its SHA-256.
  package var digestFile: SidecarKind { self == .metro ? .hashText : .sha256 }

  /// The list of the names in a tarball.
  package var contents: SidecarKind { self == .metro ? .contents : .listing }

  /// The digest files that are written unless others are requested.
  package var digestFormats: Set<DigestFormat> { self == .metro ? [] : [.digests] }

  /// The digests that these contain.
  package var digestAlgorithms: Set<DigestAlgorithm> { self == .metro ? [] : [.sha512, .blake2b] }

  /// The formats of signatures that are made unless others are configured.
  package var signatureFormats: [SignatureFormat] { self == .metro ? [.gpg] : [.asc] }

  /// Whether digest files contain their own signature (clear-signed text) instead of having one beside them.
  package func signsInPlace(_ kind: SidecarKind) -> Bool {
    self == .gentoo && (kind == .digests || kind == digestFile)
  }

  /// Whether each file replaces only files of the same name in earlier versions.
  package var isByName: Bool { self == .gentoo }

  /// The build to which the snapshots in the root's directory of snapshots belong; nil if there is no such
  /// directory.
  var snapshotOwner: FileName? { self == .gentoo ? "releases" : nil }

  /// Whether a version without `status` counts as finished, if no build of ours began it.
  package var takesForeignVersions: Bool { self == .gentoo }

  /// The kind of a tarball in a version, by its name without extension; nil for a name that no build uses.
  func variant(of stem: FileName, in version: FileName, of place: SubarchPlace) -> String? {
    switch self {
    case .metro: Self.metroVariant(stem.description, version, place)
    case .gentoo: gentooVariant(stem, version, place)
    }
  }

  /// The name without extension of a stage that is made or added here.
  package func stem(of stage: String, in version: FileName, of place: SubarchPlace) -> FileName {
    switch self {
    case .metro: FileName("\(stage)-\(place.name)-\(place.build)-\(version)")
    case .gentoo: FileName("\(stage)-\(place.arch)-\(version)")
    }
  }

  /// The directory of the snapshots of a build.
  package func snapshots(of build: FileName) -> MirrorPath {
    MirrorPath(.snapshots(build: snapshotOwner == build ? MirrorGrammar.snapshots : build))
  }

  /// The name that a file keeps from version to version, by its name without extension: `stage3-amd64-openrc`.
  ///
  /// nil if the version is not part of its name.
  package func releaseName(of stem: FileName, in version: FileName) -> FileName? {
    let ending = [UInt8(ascii: "-")] + version.bytes
    guard stem.bytes.count > ending.count, stem.bytes.suffix(ending.count).elementsEqual(ending) else {
      return nil
    }
    return stem.dropping(last: ending.count)
  }

  /// Metro's names are `stage3-<subarch>-<build>-<version>`, `gnome-stage3-…`, `lxd-…` and
  /// `<build>-<subarch>-openvz-<version>`.
  private static func metroVariant(_ text: String, _ version: FileName, _ place: SubarchPlace) -> String? {
    let (build, subarch) = (place.build, place.name)
    let ending = "-\(subarch)-\(build)-\(version)"
    // The stage3 of a variant.
    if text.hasPrefix("stage3-"), text.hasSuffix(ending) { return String(text.dropLast(ending.count)) }
    for stage in ["stage1", "stage2", "stage3"] where text.hasPrefix(stage) { return stage }
    let container = "\(build)-\(subarch)-"
    if text.hasPrefix(container) {
      let rest = text.dropFirst(container.count)
      return rest.hasSuffix("-\(version)") ? String(rest.dropLast(version.bytes.count + 1)) : String(rest)
    }
    guard text.hasSuffix(ending) else { return nil }
    let name = text.dropLast(ending.count)
    return name.hasSuffix("-stage3") ? String(name.dropLast(7)) : String(name)
  }

  /// Gentoo's names are `stage3-<arch>-openrc-<version>`, `install-<arch>-minimal-<version>` and similar: the
  /// variant is the name without architecture and version.
  private func gentooVariant(_ stem: FileName, _ version: FileName, _ place: SubarchPlace) -> String? {
    guard let name = releaseName(of: stem, in: version)?.description else { return nil }
    for stage in ["stage1", "stage2"] where name == stage || name.hasPrefix(stage + "-") { return stage }
    var parts = name.split(separator: "-", omittingEmptySubsequences: false)
    if let arch = parts.dropFirst().firstIndex(where: { $0.elementsEqual(place.arch.description) }) {
      parts.remove(at: arch)
    }
    return parts.joined(separator: "-")
  }
}

/// The names of links and lists in a layout by name.
extension MirrorLayout {
  /// The link to the newest version that contains a name: `current-stage3-amd64-openrc`.
  package static func currentLink(of name: FileName) -> FileName {
    FileName(bytes: Array("current-".utf8) + name.bytes)
  }

  /// The list of the newest files of a name: `latest-stage3-amd64-openrc.txt`.
  package static func latestList(of name: FileName) -> FileName {
    FileName(bytes: Array("latest-".utf8) + name.bytes).appending(".txt")
  }

  /// Whether a name is that of a link to the newest version with a name.
  package static func isCurrentLink(_ name: FileName) -> Bool {
    name.hasPrefix("current-") && name.bytes.count > 8
  }

  /// Whether a name is that of a list of the newest files of a name.
  package static func isLatestList(_ name: FileName) -> Bool {
    name.hasPrefix("latest-") && name.hasSuffix(".txt") && name.bytes.count > 11
  }
}
