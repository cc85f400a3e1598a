/// The format of a release file: what it contains, and the suffix that shows it.
package struct ArtifactFormat: Hashable, Sendable {
  /// What a file contains once it is decompressed.
  package enum Content: String, Hashable, Sendable, CaseIterable {
    /// A tarball.
    case tar
    /// A file system to be mounted.
    case squashfs, erofs
    /// A disk, or an image to boot from.
    case qcow2, raw, iso, vhd, vmdk
    /// Tar archives of a certain structure: a root for WSL, a container image, an image for Incus or its
    /// metadata, a binary package of GLEP 78.
    case wsl, oci, incus, gpkg
    /// A record of images at a cloud, in JSON.
    case ami
    /// A format that only the configuration knows.
    case other

    /// Whether the file is a tar archive.
    package var isTar: Bool {
      switch self {
      case .tar, .wsl, .oci, .incus, .gpkg: true
      case .squashfs, .erofs, .qcow2, .raw, .iso, .vhd, .vmdk, .ami, .other: false
      }
    }
  }

  package let content: Content
  /// The compression of the whole file; nil if there is none, or if it is part of the format.
  package let compression: Compression?
  /// `.tar` or `.tar.xz`.
  package let suffix: String

  init(_ content: Content, _ suffix: String, _ compression: Compression? = nil) {
    self.content = content
    self.compression = compression
    self.suffix = suffix + (compression.map { ".\($0.rawValue)" } ?? "")
  }

  /// A tarball; nil for a plain `.tar`, which is compressed before it is released.
  package static func tar(_ compression: Compression?) -> ArtifactFormat {
    ArtifactFormat(.tar, ".tar", compression)
  }

  /// A squashfs image.
  package static let squashfs = ArtifactFormat(.squashfs, ".squashfs")

  /// The name in indexes: `tar.xz`.
  package var name: String { String(suffix.dropFirst()) }

  /// Whether files of this format are released: a plain `.tar` is only on its way to another one.
  package var isReleased: Bool { content != .tar || compression != nil }

  /// Whether it is a tarball from which a stage can start.
  package var isTarball: Bool { content == .tar }

  /// Whether decompressing a whole file shows damage that its ends do not. A `.wsl` shows its compression only
  /// by its first bytes.
  package var isDecodable: Bool { compression != nil || content == .wsl }

  /// Formats of one family are alternatives: the same content, compressed in different ways.
  package var family: String { content == .other ? suffix : content.rawValue }
}
