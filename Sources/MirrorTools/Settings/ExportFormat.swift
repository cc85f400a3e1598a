/// A format of images that a stage can be exported to.
package enum ExportFormat: String, CaseIterable, Codable, Sendable {
  /// A tar archive of an OCI image layout.
  case oci
  /// A tar archive for the Windows Subsystem for Linux.
  case wsl
  /// A tarball for systemd-nspawn, with signed digests as `machinectl pull-tar` expects them.
  case nspawn
  /// A squashfs file system.
  case squashfs
  /// An erofs file system.
  case erofs

  /// The end of the names of such images.
  package var suffix: String {
    switch self {
    case .oci: ".oci.tar"
    case .wsl: ".wsl"
    case .nspawn: ".nspawn.tar.xz"
    case .squashfs: ".squashfs"
    case .erofs: ".erofs"
    }
  }

  /// Whether the files of a tarball are unpacked to make such an image. An ordinary user does so as root of a
  /// user namespace.
  package var needsTree: Bool {
    switch self {
    case .oci, .wsl, .nspawn, .squashfs: false
    case .erofs: true
    }
  }

  /// Whether digests of such an image are signed.
  var isSigned: Bool { self == .nspawn }

  /// From the name of an image; nil if the end of the name is not that of a format.
  package init?(ofName name: String) {
    let formats = Self.allCases.filter { name.hasSuffix($0.suffix) }
    guard let format = formats.max(by: { $0.suffix.count < $1.suffix.count }) else { return nil }
    self = format
  }

  /// The settings of a section of this format; one that ends with a slash is followed by a name.
  var settings: [String] {
    switch self {
    case .oci: ["compression", "level", "tag", "command", "label/", "authfile", "tls-verify"]
    case .wsl: ["user", "name", "icon", "systemd", "level"]
    case .nspawn: ["level", "sign"]
    case .squashfs: ["compression", "level", "block-size"]
    case .erofs: ["compression", "level", "block-size", "uuid"]
    }
  }
}
