import LinuxSystem
import CLZMA
import SystemPackage

/// liblzma's multi-threaded decoder: blocks with sizes in their headers, as written by `xz -T` and
/// ``XZEncoder``, are decompressed in parallel; one stream after the other.
struct XZDecoder: StreamDecoder, ~Copyable {
  private static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

  private let stream = LZMAStream()
  private let threads: Int
  private let memory: UInt64
  private let cancellation: Cancellation
  private var input: TarballInput
  private var action = LZMA_RUN
  private var isBetweenStreams = false
  private var isAtEnd = false
  /// Reported after the bytes decoded before it.
  private var fault: MirrorError?

  /// - Parameter memory: the most memory to use, in bytes.
  init(
    _ input: consuming TarballInput, threads: Int, memory: UInt64, cancellation: Cancellation
  ) throws(MirrorError) {
    try Self.begin(stream, threads: threads, memory: memory, input.subject)
    self.threads = threads
    self.memory = memory
    self.cancellation = cancellation
    self.input = input
  }

  private static func begin(
    _ stream: borrowing LZMAStream, threads: Int, memory: UInt64, _ subject: String
  ) throws(MirrorError) {
    var options = lzma_mt()
    options.threads = UInt32(min(max(1, threads), 1024))
    // Beyond this, fewer threads are used.
    options.memlimit_threading = memory / 2
    options.memlimit_stop = memory
    // Milliseconds after which `lzma_code` returns even without progress: the delay of an interruption.
    options.timeout = 200
    let result = lzma_stream_decoder_mt(stream.raw, &options)
    guard result == LZMA_OK else { throw fault(result, subject) }
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    if let fault { throw fault }
    let raw = stream.raw
    raw.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    raw.pointee.avail_out = buffer.count
    while raw.pointee.avail_out > 0 && !isAtEnd {
      do throws(MirrorError) { try step() } catch {
        guard raw.pointee.avail_out < buffer.count else { throw error }
        fault = error
        break
      }
    }
    return buffer.count - raw.pointee.avail_out
  }

  private mutating func step() throws(MirrorError) {
    try cancellation.check()
    if isBetweenStreams { return try beginStream() }
    if stream.raw.pointee.avail_in == 0 && action == LZMA_RUN { try refill() }
    let result = lzma_code(stream.raw, action)
    if result == LZMA_STREAM_END {
      isBetweenStreams = true
    } else if result == LZMA_MEMLIMIT_ERROR {
      throw TarballInput.needsMemory(input.subject, nil, limit: memory)
    } else if result != LZMA_OK {
      throw Self.fault(result, input.subject)
    }
  }

  /// Passes over padding, and prepares for another stream if there is one.
  private mutating func beginStream() throws(MirrorError) {
    let raw = stream.raw
    var zeros: Int64 = 0
    while true {
      try cancellation.check()
      if raw.pointee.avail_in == 0 {
        if action == LZMA_RUN { try refill() }
        if raw.pointee.avail_in == 0 {
          isAtEnd = true
          return
        }
      }
      let bytes = UnsafeRawBufferPointer(start: raw.pointee.next_in, count: raw.pointee.avail_in)
      let count = bytes.firstIndex { $0 != 0 } ?? bytes.count
      zeros += Int64(count)
      raw.pointee.next_in += count
      raw.pointee.avail_in -= count
      if count < bytes.count { break }
    }
    let next = UnsafeRawBufferPointer(start: raw.pointee.next_in, count: raw.pointee.avail_in)
    // Between streams, the format requires multiples of four bytes.
    guard zeros % 4 == 0, Self.magic.starts(with: next.prefix(Self.magic.count)) else {
      throw TarballInput.trailing(input.subject)
    }
    try Self.begin(stream, threads: threads, memory: memory, input.subject)
    isBetweenStreams = false
  }

  private mutating func refill() throws(MirrorError) {
    let bytes = try input.next()
    if bytes.isEmpty { action = LZMA_FINISH }
    stream.raw.pointee.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
    stream.raw.pointee.avail_in = bytes.count
  }

  private static func fault(_ result: lzma_ret, _ subject: String) -> MirrorError {
    switch result {
    case LZMA_BUF_ERROR: return TarballInput.fault(subject, "is truncated")
    case LZMA_DATA_ERROR, LZMA_FORMAT_ERROR:
      return TarballInput.fault(subject, "is damaged: its xz stream is corrupt")
    case LZMA_OPTIONS_ERROR: return TarballInput.fault(subject, "uses an xz feature unknown to liblzma")
    case LZMA_MEM_ERROR: return .xzMemory("read", subject)
    default: return MirrorError(.library, subject, "liblzma failed with status \(result.rawValue)")
    }
  }
}
