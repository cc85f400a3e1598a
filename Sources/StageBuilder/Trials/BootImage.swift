import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// An image that a machine can boot from.
package struct BootImage {
  /// Its format, by QEMU's name.
  enum Format: String {
    case raw, qcow2, vmdk, vhd = "vpc", iso

    init?(_ content: ArtifactFormat.Content) {
      switch content {
      case .raw: self = .raw
      case .qcow2: self = .qcow2
      case .vmdk: self = .vmdk
      case .vhd: self = .vhd
      case .iso: self = .iso
      case .tar, .squashfs, .erofs, .wsl, .oci, .incus, .gpkg, .ami, .other: return nil
      }
    }
  }

  let path: FilePath
  let format: Format

  /// The image, whose contents must have the format of its name.
  ///
  /// - Parameter content: that of its name.
  init(_ path: FilePath, _ content: ArtifactFormat.Content?) throws(MirrorError) {
    let found = try Self.found(path)
    let named = content.flatMap { Format($0) }
    self.path = path
    // A hybrid ISO image is a disk too.
    let isAlike = named == .raw && (found == nil || found == .iso)
    guard let format = isAlike ? .raw : named ?? found, isAlike || found == nil || found == format else {
      throw MirrorError(
        .invalid, "\(path)",
        named == nil
          ? "is neither a stage nor an image to boot"
          : "is named like \(named?.rawValue ?? ""), but is \(found?.rawValue ?? "something else")",
        remedy: "give a tarball, a directory, or an image: raw, qcow2, vmdk, vhd or iso")
    }
    guard found != nil else {
      throw MirrorError(
        .invalid, "\(path)", "is not an image to boot: it has no boot sector, and is not qcow2, vmdk or vhd",
        remedy: "check how it was made")
    }
    self.format = format
  }

  /// The format of the contents; nil if nothing boots from them.
  private static func found(_ path: FilePath) throws(MirrorError) -> Format? {
    let (head, tail) = try attempt("read", "\(path)") { () throws(Errno) in
      let file = try Descriptor(reading: path)
      let size = try file.status().size
      return (
        try file.bytes(from: 0, count: 0x8006), try file.bytes(from: max(0, size - 512), count: 512)
      )
    }
    func has(_ text: String, at offset: Int) -> Bool { head.dropFirst(offset).starts(with: text.utf8) }
    if has("QFI\u{7f}", at: 0) || head.starts(with: [0x51, 0x46, 0x49, 0xfb]) {
      try checkBacking(head, path)
      return .qcow2
    }
    if has("KDMV", at: 0) { return .vmdk }
    if tail.starts(with: "conectix".utf8) { return .vhd }
    if has("CD001", at: 0x8001) { return .iso }
    return head.count >= 512 && head[510] == 0x55 && head[511] == 0xaa ? .raw : nil
  }

  /// Throws if a qcow2 image depends on another file, which may be any file of the host.
  private static func checkBacking(_ head: [UInt8], _ path: FilePath) throws(MirrorError) {
    guard head.count > 80, head[8..<16].contains(where: { $0 != 0 }) || head[79] & 4 != 0 else { return }
    throw MirrorError(
      .invalid, "\(path)", "depends on another file", remedy: "make a complete image with `qemu-img convert`")
  }
}
