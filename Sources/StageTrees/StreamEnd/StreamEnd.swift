package import LinuxSystem
package import MirrorModel
import Hashing
package import SystemPackage

/// Checks, while a compressed tarball or an image is read, whether it is complete, without decompressing it.
///
/// The first bytes must match the name. xz: footer and index, from the end; zst: the chain of block headers,
/// on the way; bz2: the mark at the end; images: the size that their header states, or everything that their
/// tables name; archives that are not compressed: the chain of their headers. Only decompression shows whether a
/// gzip stream is complete, and nothing shows it for a raw disk.
package struct StreamEnd: StreamJudge {
  private let format: ArtifactFormat
  private var frames = ZstdFrames()

  /// nil for a plain `.tar`, whose end says nothing.
  package init?(_ format: ArtifactFormat) {
    guard format.isReleased else { return nil }
    self.format = format
  }

  /// Takes the next bytes of the file; all bytes must pass through, in order.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    if format.compression == .zst { frames.take(bytes) }
  }

  /// The fault of a file of `size` bytes, all of which were passed.
  ///
  /// - Throws: when its ends cannot be read.
  func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    try Self.fault(of: file, size: size, format) { _ throws(Errno) in frames.isWhole }
  }

  /// The same for a file that was not read.
  package static func fault(
    of file: borrowing Descriptor, size: Int64, _ format: ArtifactFormat,
    frames: (borrowing Descriptor) throws(Errno) -> Bool = ZstdFrames.areWhole
  ) throws(Errno) -> StreamFault? {
    switch format.content {
    case .squashfs: return try SquashfsEnd.fault(of: file, size: size)
    case .erofs: return try ErofsEnd.fault(of: file, size: size)
    case .qcow2: return try Qcow2End.fault(of: file, size: size)
    case .vmdk: return try VMDKEnd.fault(of: file, size: size)
    case .vhd: return try VHDEnd.fault(of: file, size: size)
    case .iso: return try ISOEnd.fault(of: file, size: size)
    case .tar, .wsl, .oci, .incus, .gpkg, .raw, .ami, .other: break
    }
    let head = try file.bytes(upTo: 6)
    // The name of a `.wsl` does not say how it is compressed.
    let isOpen = format.content == .wsl
    guard let compression = isOpen ? Compression(magic: head) : format.compression else {
      return format.content.isTar ? try TarEnd.fault(of: file, size: size) : nil
    }
    // Empty, or the zeros that a power cut leaves in place of content that was not written yet.
    guard head.contains(where: { $0 != 0 }) else { return .cutOff }
    guard Compression(magic: head) == compression else { return .otherKind }
    let isWhole =
      switch compression {
      case .xz: try XZEnd.isWhole(file, size: size)
      case .bz2: try Bzip2End.isWhole(file, size: size)
      case .gz: true
      case .zst: try isOpen ? ZstdFrames.areWhole(in: file) : frames(file)
      }
    return isWhole ? nil : .cutOff
  }
}

extension AnchoredDirectory {
  /// The fault of a release file below this directory, from its ends.
  package func fault(of tarball: Tarball) throws(MirrorError) -> StreamFault? {
    guard tarball.format.isReleased else { return nil }
    let file = try file(tarball.path)
    return try attempt("read", displayed(tarball.path)) { () throws(Errno) in
      try StreamEnd.fault(of: file, size: tarball.status.size, tarball.format)
    }
  }
}
