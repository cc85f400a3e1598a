import LinuxSystem
import CZlib
import SystemPackage

/// gzip with zlib, which checks checksums and lengths; one member after the other.
struct GzipDecoder: StreamDecoder, ~Copyable {
  private let stream: InflateStream
  private var input: TarballInput
  private var isBetweenMembers = false
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
      if isBetweenMembers {
        inflateReset(raw)
        isBetweenMembers = false
      }
      switch inflate(raw, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: isBetweenMembers = true
      case Z_MEM_ERROR: throw .system(.noMemory, "read", input.subject)
      default:
        throw TarballInput.fault(
          input.subject, "is damaged: its gzip stream is corrupt, or has trailing data")
      }
    }
    return buffer.count - Int(raw.pointee.avail_out)
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
    inflateEnd(raw)
    raw.deallocate()
  }
}
