import LinuxSystem
import SystemPackage

/// A program of the host that makes images, a directory of its files, or a module of Python, and the packages that have
/// it.
package struct HostTool: Hashable, Sendable {
  /// An absolute path if it is not a program.
  package let name: String
  /// Whether it is a module of Python.
  var isModule = false
  /// The package of Debian.
  let debian: String
  /// The package of Gentoo.
  let gentoo: String
  /// What it is needed for.
  let use: String

  /// All of them.
  static let all: [HostTool] =
    [
      skopeo, tar2sqfs, mkfsErofs, sfdisk, mtools, mke2fs, debugfs, btrfs, qemuImage, boto3, xorriso,
      grubImage,
    ]
    + GRUBPlatform.all.map(\.tool) + QemuTarget.all.map(\.program)

  static let skopeo = HostTool(
    name: "skopeo", debian: "skopeo", gentoo: "app-containers/skopeo", use: "images in container registries")
  static let tar2sqfs = HostTool(
    name: "tar2sqfs", debian: "squashfs-tools-ng", gentoo: "sys-fs/squashfs-tools-ng", use: "squashfs images")
  static let mkfsErofs = HostTool(
    name: "mkfs.erofs", debian: "erofs-utils", gentoo: "sys-fs/erofs-utils", use: "erofs images")

  static let boto3 = HostTool(
    name: "boto3", isModule: true, debian: "python3-boto3", gentoo: "dev-python/boto3",
    use: "images of Amazon EC2")

  static let sfdisk = HostTool(
    name: "sfdisk", debian: "fdisk", gentoo: "sys-apps/util-linux", use: "images of disks")
  static let mtools = HostTool(
    name: "mcopy", debian: "mtools", gentoo: "sys-fs/mtools", use: "images of disks")
  static let mke2fs = HostTool(
    name: "mke2fs", debian: "e2fsprogs", gentoo: "sys-fs/e2fsprogs", use: "images of disks")
  static let debugfs = HostTool(
    name: "debugfs", debian: "e2fsprogs", gentoo: "sys-fs/e2fsprogs", use: "images of disks")
  static let btrfs = HostTool(
    name: "mkfs.btrfs", debian: "btrfs-progs", gentoo: "sys-fs/btrfs-progs", use: "images of disks with Btrfs"
  )
  static let qemuImage = HostTool(
    name: "qemu-img", debian: "qemu-utils", gentoo: "app-emulation/qemu", use: "images of disks for QEMU")

  static let xorriso = HostTool(
    name: "xorriso", debian: "xorriso", gentoo: "dev-libs/libisoburn", use: "live images")
  static let grubImage = HostTool(
    name: "grub-mkimage", debian: "grub-common", gentoo: "sys-boot/grub", use: "live images")

  /// Whether it is installed.
  var isInstalled: Bool {
    if name.hasPrefix("/") { return FilePath(name).exists }
    guard isModule else { return Executable.find(name) != nil }
    // In its own process group: an interruption of ours does not make it look missing.
    let outcome = try? HostProgram.run(["python3", "-I", "-c", "import \(name)"], errors: .lost, leads: true)
    return outcome?.status == 0
  }

  /// Whether the same packages have it for the same use.
  func isBeside(_ other: HostTool) -> Bool {
    debian == other.debian && gentoo == other.gentoo && use == other.use
  }

  /// How to get it.
  var remedy: String { "install \(debian) (Debian) or \(gentoo) (Gentoo)" }

  /// Throws, and names all of them, if programs are missing.
  ///
  /// - Parameter use: what needs them.
  static func check(_ tools: [HostTool], for use: String) throws(MirrorError) {
    let missing = tools.filter { !$0.isInstalled }
    guard !missing.isEmpty else { return }
    func names(_ name: KeyPath<HostTool, String>) -> String {
      var seen = Set<String>()
      return missing.map { $0[keyPath: name] }.filter { seen.insert($0).inserted }.joined(separator: " ")
    }
    throw MirrorError(
      .refused, missing.map(\.name).joined(separator: ", "),
      "\(missing.count == 1 ? "is" : "are") not installed, but \(use) need \(missing.count == 1 ? "it" : "them")",
      remedy: "install \(names(\.debian)) (Debian) or \(names(\.gentoo)) (Gentoo)")
  }
}
