import LinuxSystem
import CZlib
import SystemPackage

/// gzip with zlib, which checks checksums and lengths; one member after the other.
struct GzipDecoder: StreamDecoder, ~Copyable {
  private let stream: InflateStream
  private var input: TarballInput
  private var isBetweenMembers = false
  private var isFirst = true
  private var isAtEnd = false

  init(_ input: consuming TarballInput) throws(MirrorError) {
    stream = try InflateStream(subject: input.subject)
    self.input = input
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    let raw = stream.raw
    raw.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    raw.pointee.avail_out = UInt32(clamping: buffer.count)
    while raw.pointee.avail_out > 0 && !isAtEnd {
      if raw.pointee.avail_in == 0, try !refill() {
        guard isBetweenMembers else { throw TarballInput.fault(input.subject, "is truncated") }
        isAtEnd = true
        break
      }
      if isBetweenMembers, try !beginMember() { break }
      switch inflate(raw, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: (isBetweenMembers, isFirst) = (true, false)
      case Z_MEM_ERROR: throw .system(.noMemory, "read", input.subject)
      default:
        // Other bytes than the header of another member.
        if !isFirst && raw.pointee.total_out == 0 { throw TarballInput.trailing(input.subject) }
        throw TarballInput.fault(input.subject, "is damaged: its gzip stream is corrupt")
      }
    }
    return buffer.count - Int(raw.pointee.avail_out)
  }

  /// Prepares for another member; false if padding follows instead, which is then read to the end.
  private mutating func beginMember() throws(MirrorError) -> Bool {
    let raw = stream.raw
    guard let next = raw.pointee.next_in, next.pointee == 0 || next.pointee == 0x1f else {
      throw TarballInput.trailing(input.subject)
    }
    if next.pointee == 0 {
      try input.checkPadding(UnsafeRawBufferPointer(start: next, count: Int(raw.pointee.avail_in)))
      isAtEnd = true
      return false
    }
    guard inflateReset(raw) == Z_OK else {
      throw MirrorError(.library, input.subject, "zlib cannot begin another stream")
    }
    isBetweenMembers = false
    return true
  }

  private mutating func refill() throws(MirrorError) -> Bool {
    let bytes = try input.next()
    stream.raw.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.raw.pointee.avail_in = UInt32(clamping: bytes.count)
    return !bytes.isEmpty
  }
}

/// The only owner of zlib's state, which must not move.
private struct InflateStream: ~Copyable {
  let raw: UnsafeMutablePointer<z_stream>

  init(subject: String) throws(MirrorError) {
    raw = .allocate(capacity: 1)
    raw.initialize(to: z_stream())
    // The largest window, and a gzip header (16).
    let result = inflateInit2_(raw, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      raw.deallocate()
      throw .system(.noMemory, "read", subject)
    }
  }

  deinit {
    _ = inflateEnd(raw)
    raw.deallocate()
  }
}
