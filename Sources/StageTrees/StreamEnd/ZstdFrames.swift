import LinuxSystem
import SystemPackage

/// Follows the chain of frames and blocks in a `.zst` file: RFC 8878, section 3.
///
/// Only headers are parsed; the data between them is skipped.
struct ZstdFrames {
  private enum Part {
    case magic, skippableSize, descriptor, block, checksum, padding
    /// Something was found that cannot be part of a stream.
    case nonsense
  }

  private var part = Part.magic
  /// Number of bytes to skip before the part begins.
  private var skip: Int64 = 0
  /// The value of the part so far, little-endian, and its number of bytes.
  private var value: UInt64 = 0
  private var count = 0
  private var wanted = 4
  private var hasChecksum = false
  private var hasFrame = false

  /// Whether the bytes so far are complete frames, followed at most by zeros.
  var isWhole: Bool {
    switch part {
    case .padding: true
    case .magic: hasFrame && value == 0 && skip == 0
    default: false
    }
  }

  /// Follows the chain in a file, reading only headers.
  static func areWhole(in file: borrowing Descriptor) throws(Errno) -> Bool {
    var frames = ZstdFrames()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while true {
      let (start, overflow) = offset.addingReportingOverflow(frames.skip)
      // The byte before the next header shows whether the skipped data exists.
      let isFar = frames.skip > 0 && !overflow
      if overflow { return false }
      if isFar {
        offset = start - 1
        frames.skip = 1
      }
      let count = try file.read(into: buffer, at: offset)
      if count == 0 || frames.part == .nonsense { return frames.isWhole }
      frames.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += Int64(count)
    }
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    var position = 0
    while position < bytes.count {
      if skip > 0 {
        let step = Int(min(skip, Int64(bytes.count - position)))
        skip -= Int64(step)
        position += step
        continue
      }
      switch part {
      case .nonsense: return
      case .padding:
        if bytes[position...].contains(where: { $0 != 0 }) { part = .nonsense }
        return
      default: break
      }
      value |= UInt64(bytes[position]) << (8 * UInt64(count))
      position += 1
      count += 1
      if count == wanted { finishPart() }
    }
  }

  private mutating func begin(_ next: Part, bytes: Int, after skipped: Int64 = 0) {
    (part, wanted, skip, value, count) = (next, bytes, skipped, 0, 0)
  }

  private mutating func finishPart() {
    let value = value
    switch part {
    case .magic where value == 0xfd2f_b528: begin(.descriptor, bytes: 1)
    case .magic where value & 0xffff_fff0 == 0x184d_2a50: begin(.skippableSize, bytes: 4)
    case .magic: begin(value == 0 && hasFrame ? .padding : .nonsense, bytes: 1)
    case .skippableSize: endFrame(after: Int64(value))
    case .descriptor: readDescriptor(value)
    case .block: readBlock(value)
    case .checksum: endFrame(after: 0)
    case .padding, .nonsense: break
    }
  }

  private mutating func endFrame(after skipped: Int64) {
    hasFrame = true
    begin(.magic, bytes: 4, after: skipped)
  }

  private mutating func readDescriptor(_ value: UInt64) {
    let isSingle = value & 0x20 != 0
    hasChecksum = value & 0x04 != 0
    let dictionary = [0, 1, 2, 4][Int(value & 3)]
    let contentSize = [isSingle ? 1 : 0, 2, 4, 8][Int(value >> 6 & 3)]
    // The reserved bit must be 0.
    guard value & 0x08 == 0 else { return begin(.nonsense, bytes: 1) }
    begin(.block, bytes: 3, after: Int64((isSingle ? 0 : 1) + dictionary + contentSize))
  }

  private mutating func readBlock(_ value: UInt64) {
    let size = Int64(value >> 3)
    let content: Int64
    switch value >> 1 & 3 {
    case 1: content = 1
    case 3: return begin(.nonsense, bytes: 1)
    default: content = size
    }
    guard value & 1 == 1 else { return begin(.block, bytes: 3, after: content) }
    if hasChecksum { return begin(.checksum, bytes: 4, after: content) }
    endFrame(after: content)
  }
}
