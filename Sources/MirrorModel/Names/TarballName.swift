package import LinuxSystem

/// The compression of a tarball, as shown by its extension.
public enum Compression: String, Codable, Sendable, CaseIterable {
  case gz, bz2, xz, zst

  /// `.tar.xz`.
  package var suffix: String { ".tar.\(rawValue)" }

  /// From its name, or that of its program.
  public init?(configured name: String) {
    switch name {
    case "gzip": self = .gz
    case "bzip2": self = .bz2
    case "zstd": self = .zst
    default: self.init(rawValue: name)
    }
  }
}

/// The information in the file name of a tarball, or of an image that is kept like one.
package struct TarballName: Sendable {
  /// The name without its extension.
  package let stem: FileName
  package let format: ArtifactFormat

  /// nil for a plain `.tar` and for images.
  package var compression: Compression? { format.compression }

  /// `.tar` or `.tar.xz`.
  package var suffix: String { format.suffix }

  /// The names that the file may have in any format, this one first.
  package var alternatives: [FileName] {
    ([format] + ArtifactFormat.all.filter { $0 != format }).map { stem.appending($0.suffix) }
  }

  /// nil if the extension is not that of a format.
  package init?(_ name: FileName) {
    guard !name.isHidden else { return nil }
    // Lengths, not suffixes: a scan parses each name of a mirror.
    let length: Int
    if name.hasSuffix(".tar") {
      (format, length) = (.tar(nil), 4)
    } else if name.hasSuffix(".tar.xz") {
      (format, length) = (.tar(.xz), 7)
    } else if name.hasSuffix(".tar.gz") {
      (format, length) = (.tar(.gz), 7)
    } else if name.hasSuffix(".tar.bz2") {
      (format, length) = (.tar(.bz2), 8)
    } else if name.hasSuffix(".tar.zst") {
      (format, length) = (.tar(.zst), 8)
    } else if name.hasSuffix(".squashfs") {
      (format, length) = (.squashfs, 9)
    } else {
      return nil
    }
    stem = name.dropping(last: length)
    if stem.bytes.isEmpty { return nil }
  }

  /// The kind of tarball: `stage3`, that of a variant (`stage3-systemd`), or the name of an extra (`openvz`,
  /// `lxd`, `gnome`).
  ///
  /// Metro's names are `stage3-<subarch>-<build>-<version>`, `gnome-stage3-…`, `lxd-…` and
  /// `<build>-<subarch>-openvz-<version>`.
  package func variant(in version: Version) -> String {
    variant(of: version.path) ?? stem.description
  }

  /// The same by the version's path; nil for a name that no build uses.
  package func variant(of version: MirrorPath) -> String? {
    guard case .version(let version, let place) = version.place else { return nil }
    let (build, subarch) = (place.build, place.name)
    let text = stem.description
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

  /// Name and date of a snapshot, `portage-2026-11-20`.
  package var snapshotParts: (name: String, date: VersionDate)? {
    guard let (date, prefix) = VersionDate.atEnd(of: stem.bytes) else { return nil }
    return (stem.dropping(last: stem.bytes.count - prefix).description, date)
  }
}

/// A file with information about a tarball beside it.
package enum SidecarKind: String, Sendable, CaseIterable {
  /// Metro's `sha256 <hex>`.
  case hashText = ".hash.txt"
  /// Gentoo's digests of one tarball.
  case digests = ".DIGESTS"
  /// A binary detached signature.
  case signature = ".gpg"
  /// An armoured detached signature.
  case armored = ".asc"
  /// The names in it, one per line.
  case contents = ".contents.gz"
  /// An RFC 5854 metalink of it.
  case metalink = ".meta4"
  /// A notice that it is not offered any more.
  case withdrawal = ".WITHDRAWN"

  /// The kind and the tarball's name, if `name` is a sidecar of a tarball.
  package static func parse(_ name: FileName) -> (kind: SidecarKind, tarball: FileName)? {
    let kind: SidecarKind
    if name.hasSuffix(".hash.txt") {
      kind = .hashText
    } else if name.hasSuffix(".gpg") {
      kind = .signature
    } else if name.hasSuffix(".asc") {
      kind = .armored
    } else if name.hasSuffix(".DIGESTS") {
      kind = .digests
    } else if name.hasSuffix(".contents.gz") {
      kind = .contents
    } else if name.hasSuffix(".meta4") {
      kind = .metalink
    } else if name.hasSuffix(".WITHDRAWN") {
      kind = .withdrawal
    } else {
      return nil
    }
    let tarball = name.dropping(last: kind.rawValue.utf8.count)
    return TarballName(tarball) == nil ? nil : (kind, tarball)
  }

  /// Whether a name is that of a file with digests: of one tarball, or of a directory.
  static func tellsDigests(_ name: FileName) -> Bool {
    if ManifestKind(fileName: name) != nil { return true }
    return parse(name).map { $0.kind == .hashText || $0.kind == .digests } ?? false
  }
}
