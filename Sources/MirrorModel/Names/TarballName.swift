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

/// The information in the file name of a release file: a tarball, an image, or another format of the table.
package struct TarballName: Sendable {
  /// The name without its extension.
  package let stem: FileName
  package let format: ArtifactFormat

  /// nil for a plain `.tar` and for images that are not compressed as a whole.
  package var compression: Compression? { format.compression }

  /// `.tar` or `.tar.xz`.
  package var suffix: String { format.suffix }

  /// The names that the file may have as a tarball or squashfs image, this one first.
  package var alternatives: [FileName] {
    let all = [.tar(nil)] + Compression.allCases.map { ArtifactFormat.tar($0) } + [.squashfs]
    return ([format] + all.filter { $0 != format }).map { stem.appending($0.suffix) }
  }

  /// nil if the suffix is not that of a format.
  package init?(_ name: FileName, _ kinds: ArtifactKinds) {
    guard let format = kinds.format(of: name) else { return nil }
    self.init(name, format)
  }

  /// The name of a file whose format is known.
  fileprivate init(_ name: FileName, _ format: ArtifactFormat) {
    self.format = format
    stem = name.dropping(last: format.suffix.utf8.count)
  }

  /// The kind of tarball: `stage3`, that of a variant (`stage3-systemd`), or the name of an extra (`openvz`,
  /// `lxd`, `gnome`).
  package func variant(in version: Version) -> String {
    variant(of: version.path, in: version.folder.layout) ?? stem.description
  }

  /// The same by the version's path; nil for a name that no build uses.
  package func variant(of version: MirrorPath, in layout: MirrorLayout) -> String? {
    guard case .version(let version, let place) = version.place else { return nil }
    return layout.variant(of: stem, in: version, of: place)
  }

  /// Name and date of a snapshot, `portage-2026-11-20`.
  package var snapshotParts: (name: String, date: VersionDate)? {
    guard let (date, prefix) = VersionDate.atEnd(of: stem.bytes) else { return nil }
    return (stem.dropping(last: stem.bytes.count - prefix).description, date)
  }
}

extension Tarball {
  /// Its parsed name.
  package var parsedName: TarballName { TarballName(name, format) }
}

/// A file with information about a release file beside it.
package enum SidecarKind: String, Sendable, CaseIterable {
  /// Metro's `sha256 <hex>`.
  case hashText = ".hash.txt"
  /// Gentoo's digests of one tarball.
  case digests = ".DIGESTS"
  /// Gentoo's SHA-256 of one tarball.
  case sha256 = ".sha256"
  /// Its software bill of materials (SBOM) in SPDX 2.3.
  case spdx = ".spdx.json"
  /// Its software bill of materials (SBOM) in CycloneDX 1.5.
  case cyclonedx = ".cdx.json"
  /// How it was built: an in-toto Statement with SLSA provenance v1.
  case provenance = ".provenance.json"
  /// A binary detached signature.
  case signature = ".gpg"
  /// An armoured detached signature.
  case armored = ".asc"
  /// The names in it, one per line.
  case contents = ".contents.gz"
  /// The same, as named on Gentoo's mirrors.
  case listing = ".CONTENTS.gz"
  /// An RFC 5854 metalink of it.
  case metalink = ".meta4"
  /// A notice that it is not offered any more.
  case withdrawal = ".WITHDRAWN"

  /// The kind and the tarball's name, if `name` is a sidecar of a tarball.
  package static func parse(
    _ name: FileName, _ kinds: ArtifactKinds
  ) -> (kind: SidecarKind, tarball: FileName)? {
    guard let kind = SidecarKind(endOf: name) else { return nil }
    let tarball = name.dropping(last: kind.rawValue.utf8.count)
    return kinds.includes(tarball) ? (kind, tarball) : nil
  }

  /// The kind whose suffix a name has, whatever is before it.
  package init?(endOf name: FileName) {
    if name.hasSuffix(".hash.txt") {
      self = .hashText
    } else if name.hasSuffix(".gpg") {
      self = .signature
    } else if name.hasSuffix(".asc") {
      self = .armored
    } else if name.hasSuffix(".DIGESTS") {
      self = .digests
    } else if name.hasSuffix(".sha256") {
      self = .sha256
    } else if name.hasSuffix(".spdx.json") {
      self = .spdx
    } else if name.hasSuffix(".cdx.json") {
      self = .cyclonedx
    } else if name.hasSuffix(".provenance.json") {
      self = .provenance
    } else if name.hasSuffix(".contents.gz") {
      self = .contents
    } else if name.hasSuffix(".CONTENTS.gz") {
      self = .listing
    } else if name.hasSuffix(".meta4") {
      self = .metalink
    } else if name.hasSuffix(".WITHDRAWN") {
      self = .withdrawal
    } else {
      return nil
    }
  }

  /// Whether a file has signatures of its own: one with digests, of one tarball or of a directory, or a document.
  static func isSignedAlone(_ name: FileName, _ kinds: ArtifactKinds) -> Bool {
    if ManifestKind(fileName: name) != nil { return true }
    return parse(name, kinds).map { $0.kind.tellsDigests || $0.kind.isDocument } ?? false
  }

  /// The documents: what a tarball contains, and how it was built.
  package static let documents: [SidecarKind] = [.spdx, .cyclonedx, .provenance]

  /// Whether it is a document, which names the digest of its tarball.
  package var isDocument: Bool { Self.documents.contains(self) }

  /// Whether it is a digest file.
  package var tellsDigests: Bool {
    switch self {
    case .hashText, .digests, .sha256: true
    case .signature, .armored, .contents, .listing, .spdx, .cyclonedx, .provenance, .metalink, .withdrawal:
      false
    }
  }
}
