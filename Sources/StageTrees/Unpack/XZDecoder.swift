import LinuxSystem
import CLZMA
import SystemPackage

/// liblzma's multi-threaded decoder: blocks with sizes in their headers, as written by `xz -T` and
/// ``XZEncoder``, are decompressed in parallel.
struct XZDecoder: StreamDecoder, ~Copyable {
  private let stream = LZMAStream()
  private var input: TarballInput
  private let cancellation: Cancellation
  private var action = LZMA_RUN
  private var isAtEnd = false
  /// Reported after the bytes decoded before it.
  private var fault: MirrorError?

  init(
    _ input: consuming TarballInput, threads: Int, cancellation: Cancellation
  ) throws(MirrorError) {
    let memory = HostMachine.memory
    var options = lzma_mt()
    options.flags = mctl_concatenated
    options.threads = UInt32(min(max(1, threads), 1024))
    // Beyond this, fewer threads are used; a dictionary of more than half the memory is treated as an attack.
    options.memlimit_threading = memory / 4
    options.memlimit_stop = memory / 2
    // Milliseconds after which `lzma_code` returns even without progress: the delay of an interruption.
    options.timeout = 200
    let result = lzma_stream_decoder_mt(stream.raw, &options)
    guard result == LZMA_OK else { throw Self.fault(result, input.subject) }
    self.input = input
    self.cancellation = cancellation
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    if let fault { throw fault }
    if isAtEnd { return 0 }
    let raw = stream.raw
    raw.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    raw.pointee.avail_out = buffer.count
    while raw.pointee.avail_out > 0 {
      try cancellation.check()
      if raw.pointee.avail_in == 0 && action == LZMA_RUN { try refill() }
      let result = lzma_code(raw, action)
      if result == LZMA_STREAM_END {
        isAtEnd = true
        break
      }
      guard result == LZMA_OK else {
        let error = Self.fault(result, input.subject)
        guard raw.pointee.avail_out < buffer.count else { throw error }
        fault = error
        break
      }
    }
    return buffer.count - raw.pointee.avail_out
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
      return TarballInput.fault(subject, "is damaged: its xz stream is corrupt, or has trailing data")
    case LZMA_OPTIONS_ERROR: return TarballInput.fault(subject, "uses an xz feature unknown to liblzma")
    case LZMA_MEM_ERROR: return .xzMemory("read", subject)
    case LZMA_MEMLIMIT_ERROR:
      return MirrorError(
        .refused, subject, "needs more than half of this machine's memory to decompress",
        remedy: "compress it with a smaller dictionary")
    default: return MirrorError(.library, subject, "liblzma failed with status \(result.rawValue)")
    }
  }
}
