import LinuxSystem
import MirrorModel
import SystemPackage

/// The primary volume descriptor of an `.iso` image, which states how many blocks the volume has.
///
/// Source: ECMA-119, section 8.4. The number of blocks is stored in both byte orders.
enum ISOEnd {
  private static let (start, length): (Int64, Int) = (16 * 2048, 2048)

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let descriptor = try file.bytes(from: start, count: length)
    guard descriptor.count == length, descriptor.contains(where: { $0 != 0 }) else { return .cutOff }
    let name = descriptor[1..<6]
    // UDF without a volume for older readers has no such number.
    if name.elementsEqual("BEA01".utf8) { return nil }
    guard name.elementsEqual("CD001".utf8) else { return .otherKind }
    guard descriptor[0] == 1 else { return nil }
    let (blocks, bytes) = (StoredNumber.little(descriptor, 80, 4), StoredNumber.little(descriptor, 128, 2))
    return blocks > 0 && StoredNumber.fits(0, blocks, of: bytes, in: size) ? nil : .cutOff
  }
}
