package import LinuxSystem
import CLZMA
import SystemPackage

/// liblzma's multi-threaded encoder.
///
/// Blocks are three dictionaries long whatever the number of threads, even one, so that the output does not
/// depend on it. libarchive's own encoder waits for complete blocks (minutes, at level 9) before it can be
/// interrupted, and cannot be freed half-way.
package struct XZEncoder: StreamEncoder, ~Copyable {
  private let stream = LZMAStream()
  private let sink: any ByteSink
  private let output = ChunkBuffer(count: 1 << 16)
  private let subject: String
  private let cancellation: Cancellation

  /// - Parameters:
  ///   - threads: at most this many; fewer if their memory would exceed half of the machine's.
  ///   - subject: the path in errors.
  package init(
    level: Int, threads: Int, into sink: any ByteSink, subject: String, cancellation: Cancellation
  ) throws(MirrorError) {
    self.sink = sink
    self.subject = subject
    self.cancellation = cancellation
    var options = lzma_mt()
    options.preset = UInt32(clamping: level) | (level == 9 ? mctl_preset_extreme : 0)
    options.check = LZMA_CHECK_CRC64
    // Milliseconds after which `lzma_code` returns even without progress: the delay of an interruption.
    options.timeout = 200
    try Self.setThreads(of: &options, wanted: threads, subject: subject)
    let result = lzma_stream_encoder_mt(stream.raw, &options)
    guard result == LZMA_OK else { throw Self.fault(result, subject) }
    resetOutput()
  }

  private static func setThreads(
    of options: inout lzma_mt, wanted: Int, subject: String
  ) throws(MirrorError) {
    let memory = HostMachine.memory
    options.threads = UInt32(min(max(1, wanted), 1024))
    while options.threads > 1, lzma_stream_encoder_mt_memusage(&options) > memory / 2 { options.threads -= 1 }
    let needed = lzma_stream_encoder_mt_memusage(&options)
    guard needed <= memory else {
      throw MirrorError(
        .system(.noMemory), subject, "xz at this level needs \(needed >> 20) MiB of memory",
        remedy: "use a lower compression level")
    }
  }

  package mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    stream.raw.pointee.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
    stream.raw.pointee.avail_in = bytes.count
    while stream.raw.pointee.avail_in > 0 { try step(LZMA_RUN) }
  }

  package mutating func finish() throws(MirrorError) {
    while try step(LZMA_FINISH) != LZMA_STREAM_END {}
    try writeOutput()
  }

  @discardableResult
  private func step(_ action: lzma_action) throws(MirrorError) -> lzma_ret {
    try cancellation.check(compressing: subject)
    let result = lzma_code(stream.raw, action)
    guard result == LZMA_OK || result == LZMA_STREAM_END else { throw Self.fault(result, subject) }
    if stream.raw.pointee.avail_out == 0 { try writeOutput() }
    return result
  }

  private func writeOutput() throws(MirrorError) {
    try sink.write(output.prefix(output.bytes.count - stream.raw.pointee.avail_out))
    resetOutput()
  }

  private func resetOutput() {
    stream.raw.pointee.next_out = output.bytes.bindMemory(to: UInt8.self).baseAddress
    stream.raw.pointee.avail_out = output.bytes.count
  }

  private static func fault(_ result: lzma_ret, _ subject: String) -> MirrorError {
    result == LZMA_MEM_ERROR
      ? .xzMemory("compress", subject)
      : MirrorError(.library, subject, "liblzma failed with status \(result.rawValue)")
  }
}
