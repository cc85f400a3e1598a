/// The beginning of a frame in a `.zst` file: RFC 8878, section 3.1.1.1.
struct ZstdFrameHead {
  /// Magic number, descriptor, window, the longest dictionary number and the longest content size.
  private static let bytes = 4 + 1 + 1 + 4 + 8
  private var head: [UInt8] = []

  /// Takes bytes of the frame, from its start; those after the header are ignored.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    if head.count < Self.bytes { head += bytes.prefix(Self.bytes - head.count) }
  }

  /// Whether another frame begins here, as far as the bytes so far show.
  var isFrame: Bool {
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    let magic = head.prefix(4)
    if frame.starts(with: magic) { return true }
    // A frame to be skipped.
    return magic.first.map { $0 & 0xf0 == 0x50 } ?? true
      && [0x2a, 0x4d, 0x18].starts(with: magic.dropFirst())
  }

  /// Bytes of memory for the frame's window; nil if unknown, or if the frame has none.
  var window: UInt64? {
    guard head.first == 0x28, head.count > 5 else { return nil }
    let descriptor = head[4]
    if descriptor & 0x20 == 0 {
      let base: UInt64 = 1 << (10 + UInt64(head[5] >> 3))
      return base + base / 8 * UInt64(head[5] & 7)
    }
    // A single segment is as large as the content.
    let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
    let count = [1, 2, 4, 8][Int(descriptor >> 6)]
    let field = head.dropFirst(5 + dictionary).prefix(count)
    guard field.count == count else { return nil }
    let size = field.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return count == 2 ? size + 256 : size
  }
}
