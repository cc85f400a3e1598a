package import LinuxSystem
import Synchronization
import SystemPackage

extension TarballSource {
  /// Decompresses a tarball on its own thread, while `body` reads the result on this one.
  ///
  /// - Parameters:
  ///   - threads: threads that decompress; only xz uses more than one.
  ///   - memory: the most memory to use for decompression, in bytes.
  ///   - chunks: number of 1 MiB buffers between the two.
  ///   - progress: receives the number of bytes just read from the tarball, on the other thread.
  ///   - body: may return before the end.
  package static func read<Result: Sendable>(
    _ source: Shared<TarballSource>, threads: Int = 1,
    memory: UInt64 = UnpackLimits.defaultMemory, chunks: Int = 2, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    _ body: @escaping @Sendable (ChunkPipe) throws(MirrorError) -> Result
  ) throws(MirrorError) -> Result {
    let pipe = ChunkPipe(chunks: chunks, bytes: 1 << 20)
    let outcome = Shared(Mutex<Swift.Result<Result, MirrorError>?>(nil))
    let started = Workers.runTogether(2) { index in
      if index == 1 {
        source.value.pour(
          into: pipe, threads: threads, memory: memory, cancellation: cancellation, progress: progress)
      } else {
        let result = Swift.Result { () throws(MirrorError) in try body(pipe) }
        pipe.abandon(MirrorError(.interrupted, source.value.subject, "reading stopped"))
        outcome.value.withLock { $0 = result }
      }
    }
    guard started, let result = outcome.value.withLock({ $0 }) else {
      throw .system(.resourceTemporarilyUnavailable, "start a thread", source.value.subject)
    }
    return try result.get()
  }
}
