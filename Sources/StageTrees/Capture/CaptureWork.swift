import LinuxSystem
import MirrorModel
import Synchronization
import SystemPackage

/// The threads of one capture: one reads the tree, one compresses, one writes and digests.
final class CaptureWork: Sendable {
  private let walker: TreeWalker
  private let settings: CompressionSettings?
  private let threads: Int
  private let algorithms: [DigestAlgorithm]
  private let subject: String
  private let cancellation: Cancellation
  private let report = Mutex(CaptureReport())
  private let fault = Mutex<MirrorError?>(nil)

  init(
    walker: TreeWalker, settings: CompressionSettings?, threads: Int, algorithms: [DigestAlgorithm],
    subject: String, cancellation: Cancellation
  ) {
    self.walker = walker
    self.settings = settings
    self.threads = threads
    self.algorithms = algorithms
    self.subject = subject
    self.cancellation = cancellation
  }

  func run(
    into sink: consuming Descriptor, contents: consuming Descriptor?
  ) throws(MirrorError) -> CaptureReport {
    let archive = ChunkPipe(chunks: 6, bytes: 1 << 20)
    // Without compression, the archive itself is written.
    let output = settings == nil ? archive : ChunkPipe(chunks: 6, bytes: 1 << 18)
    let sink = Shared(sink)
    let contents = Shared(contents)
    let started = Workers.runTogether(settings == nil ? 2 : 3) { [self] index in
      do throws(MirrorError) {
        switch index {
        case 0: try walk(into: archive, contents.value)
        case 1: try write(output, to: sink.value)
        default: try compress(archive, into: output)
        }
      } catch {
        fault.withLock { $0 = $0 ?? error }
        // Unblocks threads that wait for this one.
        for pipe in [archive, output] {
          pipe.fail(error)
          pipe.abandon(error)
        }
      }
    }
    guard started else { throw .system(.resourceTemporarilyUnavailable, "start threads", subject) }
    if let fault = fault.withLock({ $0 }) { throw fault }
    return report.withLock { $0 }
  }

  private func walk(into pipe: ChunkPipe, _ contents: borrowing Descriptor?) throws(MirrorError) {
    let list: Descriptor?
    switch contents {
    case .some(let file):
      list = try attempt("list the contents", subject) { () throws(Errno) in try file.duplicate() }
    case .none: list = nil
    }
    let result = try walker.walk(into: TarWriter(PipeSink(pipe)), contents: list)
    report.withLock { report in
      report.entries = result.entries
      report.uncompressedSize = result.uncompressedSize
      report.collected = result.collected
    }
  }

  private func compress(_ archive: ChunkPipe, into output: ChunkPipe) throws(MirrorError) {
    guard let settings else { return }
    let sink = PipeSink(output)
    if settings.compression == .xz {
      var encoder = try XZEncoder(
        level: settings.level, threads: threads, into: sink, subject: subject, cancellation: cancellation)
      try Self.feed(&encoder, from: archive, cancellation)
    } else {
      var encoder = try ArchiveEncoder(
        settings, threads: threads, into: sink, subject: subject, cancellation: cancellation)
      try Self.feed(&encoder, from: archive, cancellation)
    }
    sink.finish()
  }

  private static func feed(
    _ encoder: inout some StreamEncoder & ~Copyable, from pipe: ChunkPipe, _ cancellation: Cancellation
  ) throws(MirrorError) {
    while let bytes = try pipe.next() {
      try cancellation.check()
      try encoder.encode(bytes)
    }
    try encoder.finish()
  }

  private func write(_ pipe: ChunkPipe, to sink: borrowing Descriptor) throws(MirrorError) {
    var digester = try StreamDigester(algorithms)
    var size: Int64 = 0
    while let bytes = try pipe.next() {
      try cancellation.check()
      try attempt("write the tarball", subject) { () throws(Errno) in try sink.write(bytes) }
      try digester.update(bytes)
      size += Int64(bytes.count)
    }
    let digests = try digester.finish()
    report.withLock { report in
      report.size = size
      report.digests = digests
    }
  }
}
