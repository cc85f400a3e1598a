import LinuxSystem
import MirrorModel
import SystemPackage

/// The footer of a `.vhd` image, with a checksum of itself.
///
/// Source: Microsoft's "Virtual Hard Disk Image Format Specification". All numbers are big-endian.
enum VHDEnd {
  private static let cookie = Array("conectix".utf8)

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let head = try file.bytes(from: 0, count: 512)
    let foot = size >= 512 ? try file.bytes(from: size - 512, count: 512) : []
    if foot.count == 512, foot.starts(with: cookie), isSound(foot) {
      // A disk that grows has a copy at its start; one of fixed size has its first sector there.
      return StoredNumber.big(foot, 60, 4) == 2 || head.starts(with: cookie) ? nil : .cutOff
    }
    let isDisk = head.starts(with: cookie) || head.suffix(2).elementsEqual([0x55, 0xaa])
    return isDisk || head.allSatisfy { $0 == 0 } || foot.starts(with: cookie) ? .cutOff : .otherKind
  }

  private static func isSound(_ foot: [UInt8]) -> Bool {
    let sum = foot.enumerated().reduce(0 as UInt32) { sum, byte in
      (64..<68).contains(byte.offset) ? sum : sum &+ UInt32(byte.element)
    }
    return UInt64(~sum) == StoredNumber.big(foot, 64, 4)
  }
}
