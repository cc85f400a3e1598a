/// What follows the last member of a tar archive: the end mark, padding, and the index that pixz appends.
///
/// Source: pixz, `write.c`. The index is a magic number, then per member a name with a NUL and its offset (8
/// bytes, little-endian); the last name is empty, with the offset of the index itself.
struct ArchiveTail {
  /// At least two blocks of zeros.
  private static let endMark: Int64 = 1024
  private static let magic: [UInt8] = [0xa6, 0x4c, 0x32, 0x2e, 0xd6, 0x14, 0xae, 0xdb]

  private enum Part {
    case zeros
    case magic(Int)
    case name(isEmpty: Bool)
    case offset(Int, isLast: Bool)
    case complete, nonsense
  }

  /// The end of the last member, in bytes of the archive.
  private let end: Int64
  private var part = Part.zeros
  private var position: Int64
  private var index: Int64 = 0
  private var value: UInt64 = 0

  /// - Parameters:
  ///   - end: the end of the last member.
  ///   - position: the offset of the first byte that ``take(_:)`` receives; bytes before it are zeros.
  init(end: Int64, position: Int64) {
    self.end = end
    self.position = position
  }

  /// What is wrong with the bytes so far, if they are all; nil if they are a valid end.
  var problem: String? {
    switch part {
    case .zeros where position - end < Self.endMark: "is truncated: its end mark is missing"
    case .zeros, .complete: nil
    default: "has data after the end of the archive"
    }
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    if case .zeros = part {
      let zeros = bytes.firstIndex { $0 != 0 } ?? bytes.count
      position += Int64(zeros)
      rest = UnsafeRawBufferPointer(rebasing: bytes[zeros...])
      if !rest.isEmpty {
        part = position - end < Self.endMark ? .nonsense : .magic(0)
        index = position
      }
    }
    for byte in rest {
      if case .nonsense = part { return }
      part = next(byte)
    }
  }

  private mutating func next(_ byte: UInt8) -> Part {
    switch part {
    case .magic(let count):
      if byte != Self.magic[count] { return .nonsense }
      return count + 1 < Self.magic.count ? .magic(count + 1) : .name(isEmpty: true)
    case .name(let isEmpty):
      value = 0
      return byte == 0 ? .offset(0, isLast: isEmpty) : .name(isEmpty: false)
    case .offset(let count, let isLast):
      value |= UInt64(byte) << (8 * UInt64(count))
      if count < 7 { return .offset(count + 1, isLast: isLast) }
      if isLast { return value == UInt64(clamping: index) ? .complete : .nonsense }
      return value < UInt64(clamping: index) ? .name(isEmpty: true) : .nonsense
    case .zeros, .complete, .nonsense: return .nonsense
    }
  }
}
