import LinuxSystem
import SystemPackage

/// The end of a `.bz2` stream: a mark of 48 bits that starts at any bit, the checksum, and bits up to a whole
/// byte.
enum Bzip2End {
  /// The digits of the square root of pi. Source: bzip2's `compress.c`, `BZ2_compressBlock`.
  private static let mark: UInt64 = 0x1772_4538_5090
  /// Maximum padding with zeros, as on tapes, in bytes.
  private static let padding = 1 << 20

  static func isWhole(_ file: borrowing Descriptor, size: Int64) throws(Errno) -> Bool {
    let tail = try self.tail(of: file, size: size)
    // The checksum may itself end with zeros, which look like padding.
    let bits = tail.suffix(24).flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    guard bits.count >= 80 else { return false }
    return (48...(bits.count - 32)).contains { end in
      guard bits.count - 32 - end <= 39 else { return false }
      return bits[(end - 48)..<end].reduce(0 as UInt64) { $0 << 1 | UInt64($1) } == mark
    }
  }

  /// The last bytes, with no more trailing zeros than a checksum may have.
  private static func tail(of file: borrowing Descriptor, size: Int64) throws(Errno) -> [UInt8] {
    var end = size
    var zeros: [UInt8] = []
    while end > 0, size - end <= Int64(padding) {
      let start = max(0, end - 4096)
      var bytes = try file.bytes(from: start, count: Int(end - start))
      while bytes.last == 0 {
        bytes.removeLast()
        zeros.append(0)
      }
      if bytes.count >= 24 || start == 0 { return bytes + zeros.prefix(4) }
      if !bytes.isEmpty {
        let more = max(0, start - 64)
        return try file.bytes(from: more, count: Int(start - more)) + bytes + zeros.prefix(4)
      }
      end = start
    }
    return []
  }
}
