import LinuxSystem
import MirrorModel
import SystemPackage

/// The superblock of an erofs image, which states how many blocks the file system has.
///
/// Source: the kernel's `fs/erofs/erofs_fs.h`. All numbers are little-endian.
enum ErofsEnd {
  private static let magic: [UInt8] = [0xe2, 0xe1, 0xf5, 0xe0]
  private static let (start, length): (Int64, Int) = (1024, 128)

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let block = try file.bytes(from: start, count: length)
    guard block.contains(where: { $0 != 0 }) else { return .cutOff }
    guard block.starts(with: magic) else { return .otherKind }
    guard block.count == length else { return .cutOff }
    let bits = block[12]
    // With 48-bit block numbers the high bits are where the number of the root was before.
    let high = StoredNumber.little(block, 80, 4) & 0x80 != 0 ? StoredNumber.little(block, 14, 2) << 32 : 0
    let blocks = StoredNumber.little(block, 36, 4) | high
    guard (9...16).contains(bits), blocks > 0 else { return .cutOff }
    return StoredNumber.fits(0, blocks, of: 1 << UInt64(bits), in: size) ? nil : .cutOff
  }
}
