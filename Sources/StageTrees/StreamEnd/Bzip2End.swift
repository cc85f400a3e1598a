import LinuxSystem
import SystemPackage

/// The end of a `.bz2` stream: a mark of 48 bits that starts at any bit, the checksum, and bits up to a whole
/// byte.
enum Bzip2End {
  /// The digits of the square root of pi. Source: bzip2's `compress.c`, `BZ2_compressBlock`.
  private static let mark: UInt64 = 0x1772_4538_5090

  static func isWhole(_ file: borrowing Descriptor, size: Int64) throws(Errno) -> Bool {
    guard let last = try lastContent(of: file, size: size) else { return false }
    // The checksum may itself end with zeros, which look like padding.
    let end = min(size, last + 5)
    let start = max(0, end - 28)
    let tail = try file.bytes(from: start, count: Int(end - start))
    let bits = tail.suffix(24).flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    guard bits.count >= 80 else { return false }
    return (48...(bits.count - 32)).contains { end in
      // Padding fills the last byte; after it there are only zeros.
      let rest = bits[min((end + 32 + 7) / 8 * 8, bits.count)...]
      guard rest.count <= 32, rest.allSatisfy({ $0 == 0 }) else { return false }
      return bits[(end - 48)..<end].reduce(0 as UInt64) { $0 << 1 | UInt64($1) } == mark
    }
  }

  /// The offset of the last byte that is not a zero, before the padding; nil if there is none.
  private static func lastContent(of file: borrowing Descriptor, size: Int64) throws(Errno) -> Int64? {
    let buffer = ChunkBuffer(count: 1 << 16)
    var end = size
    while end > 0 {
      let start = max(0, end - Int64(buffer.bytes.count))
      let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<Int(end - start)])
      var filled = 0
      while filled < wanted.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: wanted[filled...])
        let count = try file.read(into: rest, at: start + Int64(filled))
        // The file has become shorter.
        if count == 0 { return nil }
        filled += count
      }
      if let last = wanted.lastIndex(where: { $0 != 0 }) { return start + Int64(last) }
      end = start
    }
    return nil
  }
}
