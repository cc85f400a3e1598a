package import LinuxSystem
import Synchronization
import SystemPackage

extension TarballSource {
  /// Decompresses a tarball on a thread of its own, while `body` takes on this one what comes.
  ///
  /// - Parameters:
  ///   - threads: those that decompress; xz alone makes use of more than one.
  ///   - chunks: buffers of 1 MiB between the two.
  ///   - progress: receives the bytes just read from the tarball, on the other thread.
  ///   - body: may return before all has come.
  package static func read<Result: Sendable>(
    _ source: Shared<TarballSource>, threads: Int = 1, chunks: Int = 2, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    _ body: @escaping @Sendable (ChunkPipe) throws(MirrorError) -> Result
  ) throws(MirrorError) -> Result {
    let pipe = ChunkPipe(chunks: chunks, bytes: 1 << 20)
    let outcome = Shared(Mutex<Swift.Result<Result, MirrorError>?>(nil))
    let started = Workers.runTogether(2) { index in
      if index == 1 {
        source.value.pour(into: pipe, threads: threads, cancellation: cancellation, progress: progress)
      } else {
        let result = Swift.Result { () throws(MirrorError) in try body(pipe) }
        pipe.abandon(MirrorError(.interrupted, source.value.subject, "is not read on"))
        outcome.value.withLock { $0 = result }
      }
    }
    guard started, let result = outcome.value.withLock({ $0 }) else {
      throw .system(.resourceTemporarilyUnavailable, "start a thread for", source.value.subject)
    }
    return try result.get()
  }
}
