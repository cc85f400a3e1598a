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
  /// Metadata and files of an image for Incus and LXD.
  case incus
  /// An image of Amazon EC2 (AMI), of which the file is a record.
  case ec2
  /// A disk that boots by UEFI.
  case raw
  /// The same for QEMU.
  case qcow2
  /// The same for Azure and Hyper-V.
  case vhd
  /// The same for VMware.
  case vmdk
  /// A live image for BIOS and UEFI.
  case iso

  /// The end of the names of such images.
  package var suffix: String {
    switch self {
    case .oci: ".oci.tar"
    case .wsl: ".wsl"
    case .nspawn: ".nspawn.tar.xz"
    case .squashfs: ".squashfs"
    case .erofs: ".erofs"
    case .incus: ".incus.tar.xz"
    case .ec2: ".ami.json"
    case .raw: ".raw"
    case .qcow2: ".qcow2"
    case .vhd: ".vhd"
    case .vmdk: ".vmdk"
    case .iso: ".iso"
    }
  }

  /// Whether the files of a tarball are unpacked to make such an image. An ordinary user does so as root of a
  /// user namespace.
  package var needsTree: Bool {
    switch self {
    case .oci, .wsl, .nspawn, .squashfs, .iso: false
    case .erofs, .raw, .qcow2, .vhd, .vmdk, .incus, .ec2: true
    }
  }

  /// Whether a machine can boot such an image.
  package var boots: Bool {
    switch self {
    case .raw, .qcow2, .vhd, .vmdk, .iso: true
    case .oci, .wsl, .nspawn, .squashfs, .erofs, .incus, .ec2: false
    }
  }

  /// Whether such an image has a journal beside it while it is made, which lists what was made elsewhere.
  package var hasJournal: Bool { self == .ec2 }

  /// Whether signed digests are written beside such an image.
  package var isSigned: Bool { self == .nspawn }

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
    case .incus: ["unified", "disk", "squashfs/", "disk/", "property/"]
    case .ec2:
      [
        "region", "copy-to", "name", "description", "tag/", "tags", "launch", "volume-type", "volume-size",
        "boot-mode", "connections", "profile", "endpoint", "disk/",
      ]
    case .raw, .vhd, .vmdk: Self.disk
    case .qcow2: Self.disk + ["compression"]
    case .iso: ["label", "console", "cmdline", "timeout", "squashfs/"]
    }
  }

  private static let disk = [
    "size", "esp", "filesystem", "variant", "console", "cmdline", "hostname", "datasources", "initramfs",
    "fstab",
  ]
}
