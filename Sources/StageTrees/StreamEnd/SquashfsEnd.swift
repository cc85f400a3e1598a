package import LinuxSystem
import MirrorModel
package import SystemPackage

/// The superblock of a squashfs image, which states how many bytes the file system has.
///
/// Source: the kernel's `Documentation/filesystems/squashfs.rst` and `fs/squashfs/squashfs_fs.h`. All numbers are
/// little-endian.
package enum SquashfsEnd {
  private static let magic = Array("hsqs".utf8)
  private static let length = 96

  /// The fault of an image of `size` bytes; nil if it is complete. Zeros may follow it.
  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let head = try file.bytes(from: 0, count: length)
    guard head.contains(where: { $0 != 0 }) else { return .cutOff }
    guard head.starts(with: magic) else { return .otherKind }
    guard head.count == length else { return .cutOff }
    let used = StoredNumber.little(head, 40, 8)
    return used >= UInt64(length) && used <= UInt64(clamping: size) ? nil : .cutOff
  }

  /// The time when an image was made, in seconds since the epoch; nil if the file is not an image.
  package static func time(of file: borrowing Descriptor) throws(Errno) -> Int64? {
    let head = try file.bytes(from: 0, count: length)
    guard head.starts(with: magic), head.count == length else { return nil }
    return Int64(StoredNumber.little(head, 8, 4))
  }
}
