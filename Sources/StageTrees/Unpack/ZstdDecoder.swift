import LinuxSystem
import CZstd
import SystemPackage

/// zstd with libzstd, which decodes windows of up to 2 GiB; one frame after the other.
struct ZstdDecoder: StreamDecoder, ~Copyable {
  /// libzstd refuses larger ones.
  private static let largestWindow: UInt64 = 1 << 31

  private let context: ZstdContext
  private var input: TarballInput
  private let memory: UInt64
  private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The frame that is being read; nil between frames.
  private var head: ZstdFrameHead?
  private var isAtEnd = false

  /// - Parameter memory: the largest window, in bytes.
  init(_ input: consuming TarballInput, memory: UInt64) throws(MirrorError) {
    context = try ZstdContext(subject: input.subject)
    self.input = input
    self.memory = memory
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while output.pos < output.size && !isAtEnd {
      if bytes.isEmpty {
        bytes = try input.next()
        if bytes.isEmpty {
          guard head != nil else {
            isAtEnd = true
            break
          }
          // Decoded bytes may still wait for room.
          guard try decode(into: &output) else { throw TarballInput.fault(input.subject, "is truncated") }
          continue
        }
      }
      if head == nil, bytes.first == 0 {
        try input.checkPadding(bytes)
        isAtEnd = true
        break
      }
      try checkHead()
      _ = try decode(into: &output)
    }
    return output.pos
  }

  private mutating func checkHead() throws(MirrorError) {
    var head = head ?? ZstdFrameHead()
    head.take(bytes)
    self.head = head
    guard head.isFrame else { throw TarballInput.trailing(input.subject) }
    if let window = head.window, window > memory, window <= Self.largestWindow {
      throw TarballInput.needsMemory(input.subject, window, limit: memory)
    }
  }

  /// Decodes the bytes at hand; whether that had any effect.
  private mutating func decode(into output: inout ZSTD_outBuffer) throws(MirrorError) -> Bool {
    var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    let before = output.pos
    let result = ZSTD_decompressStream(context.raw, &output, &source)
    guard ZSTD_isError(result) == 0 else { throw fault(result) }
    bytes = UnsafeRawBufferPointer(rebasing: bytes[source.pos...])
    if result == 0 { head = nil }
    return result == 0 || output.pos > before || source.pos > 0
  }

  private func fault(_ result: Int) -> MirrorError {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_memory_allocation: return .system(.noMemory, "read", input.subject)
    case ZSTD_error_frameParameter_windowTooLarge:
      return MirrorError(
        .refused, input.subject, "has a zstd window of more than 2 GiB, which libzstd does not support",
        remedy: "compress it again with a smaller window")
    default:
      let reason = String(cString: ZSTD_getErrorName(result))
      return TarballInput.fault(input.subject, "is damaged: its zstd stream is corrupt (\(reason))")
    }
  }
}

/// The only owner of libzstd's state.
private struct ZstdContext: ~Copyable {
  let raw: OpaquePointer

  init(subject: String) throws(MirrorError) {
    guard let raw = ZSTD_createDCtx() else { throw .system(.noMemory, "read", subject) }
    // The decoder compares the window with its own limit first.
    let result = ZSTD_DCtx_setParameter(raw, ZSTD_d_windowLogMax, 31)
    guard ZSTD_isError(result) == 0 else {
      _ = ZSTD_freeDCtx(raw)
      throw MirrorError(.library, subject, "libzstd does not accept windows of 2 GiB")
    }
    self.raw = raw
  }

  // Freeing NULL is the only failure.
  deinit { _ = ZSTD_freeDCtx(raw) }
}
