import LinuxSystem
import MirrorModel
import SystemPackage

/// The chain of headers in a tar archive that is not compressed: it must lead to the two blocks of zeros that end it.
///
/// Source: POSIX, `pax` utility, "ustar Interchange Format"; GNU tar's manual for sizes in base 256.
enum TarEnd {
  private static let block: Int64 = 512
  /// Members that are followed at most: after them the archive counts as complete.
  private static let maximumMembers = 1 << 16
  /// The most bytes of an extended header that are read.
  private static let maximumRecords: UInt64 = 1 << 16

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    var offset: Int64 = 0
    for member in 0..<maximumMembers {
      let header = try file.bytes(from: offset, count: Int(block))
      guard header.count == block else { return .cutOff }
      if header.allSatisfy({ $0 == 0 }) {
        let second = try file.bytes(from: offset + block, count: Int(block))
        return member > 0 && second.count == block && second.allSatisfy { $0 == 0 } ? nil : .cutOff
      }
      guard hasChecksum(header), let bytes = length(header) else { return member > 0 ? .cutOff : .otherKind }
      // The size of the next member is in the extended header, which may be too large for its own.
      if header[156] == UInt8(ascii: "x") || header[156] == UInt8(ascii: "g") {
        guard bytes <= maximumRecords else { return nil }
        let records = try file.bytes(from: offset + block, count: Int(bytes))
        if records.split(separator: UInt8(ascii: "\n")).contains(where: isSize) { return nil }
      }
      let blocks = bytes / UInt64(block) + (bytes % UInt64(block) == 0 ? 0 : 1)
      guard StoredNumber.fits(UInt64(offset + block), blocks, of: UInt64(block), in: size) else {
        return .cutOff
      }
      offset += block + Int64(blocks) * block
    }
    return nil
  }

  /// Whether a record is `LENGTH size=...`.
  private static func isSize(_ record: ArraySlice<UInt8>) -> Bool {
    record.drop { $0 != UInt8(ascii: " ") }.dropFirst().starts(with: "size=".utf8)
  }

  static func hasChecksum(_ header: [UInt8]) -> Bool {
    let sum = header.enumerated().reduce(0 as UInt64) { sum, byte in
      sum + ((148..<156).contains(byte.offset) ? 0x20 : UInt64(byte.element))
    }
    return octal(header[148..<156]) == sum
  }

  /// The number of bytes of a member; nil if it is not a number.
  static func length(_ header: [UInt8]) -> UInt64? {
    // Links and directories have no content, whatever their size says.
    if (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header[156]) { return 0 }
    guard header[124] & 0x80 != 0 else { return octal(header[124..<136]) }
    let number = StoredNumber.big(header, 128, 8)
    return header[124] == 0x80 && header[125..<128].allSatisfy { $0 == 0 } ? number : nil
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> UInt64? {
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    guard !digits.isEmpty, digits.count <= 12 else { return nil }
    return digits.reduce(0) { $0 << 3 | UInt64($1 - 0x30) }
  }
}
