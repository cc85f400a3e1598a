import LinuxSystem
import MirrorModel
import Synchronization
import SystemPackage

/// The threads of one capture: one reads the tree or decompresses a tarball, one edits the archive if asked to,
/// one compresses, one writes and digests.
final class CaptureWork: Sendable {
  /// Where the archive comes from.
  enum Origin: Sendable {
    case tree(TreeWalker)
    /// - Parameters:
    ///   - memory: the most memory to use for decompression, in bytes.
    ///   - progress: receives the number of bytes just read from the tarball.
    case tarball(Shared<TarballSource>, memory: UInt64, progress: @Sendable (Int) -> Void)
  }

  private let origin: Origin
  private let settings: CompressionSettings?
  private let threads: Int
  private let algorithms: [DigestAlgorithm]
  /// Whether to compute the SHA-256 of the archive before compression.
  private let digestsArchive: Bool
  private let edit: ArchiveEdit?
  private let subject: String
  private let cancellation: Cancellation
  private let report = Mutex(CaptureReport())
  private let fault = Mutex<MirrorError?>(nil)

  init(
    origin: Origin, settings: CompressionSettings?, threads: Int, algorithms: [DigestAlgorithm],
    digestsArchive: Bool, edit: ArchiveEdit? = nil, subject: String, cancellation: Cancellation
  ) {
    self.origin = origin
    self.settings = settings
    self.threads = threads
    self.algorithms = algorithms
    self.digestsArchive = digestsArchive
    self.edit = edit
    self.subject = subject
    self.cancellation = cancellation
  }

  func run(
    into sink: consuming Descriptor, contents: consuming Descriptor?
  ) throws(MirrorError) -> CaptureReport {
    let original = ChunkPipe(chunks: 6, bytes: 1 << 20)
    let archive = edit == nil ? original : ChunkPipe(chunks: 6, bytes: 1 << 20)
    // Without compression, the archive itself is written.
    let output = settings == nil ? archive : ChunkPipe(chunks: 6, bytes: 1 << 18)
    let sink = Shared(sink)
    let contents = Shared(contents)
    let hasEncoder = settings != nil
    let count = 2 + (hasEncoder ? 1 : 0) + (edit == nil ? 0 : 1)
    let started = Workers.runTogether(count) { [self] index in
      do throws(MirrorError) {
        switch index {
        case 0: try fill(original, contents.value)
        case 1: try write(output, to: sink.value)
        case 2 where hasEncoder: try compress(archive, into: output)
        default: try change(original, into: archive)
        }
      } catch {
        fault.withLock { $0 = $0 ?? error }
        // Unblocks threads that wait for this one.
        for pipe in [original, archive, output] {
          pipe.fail(error)
          pipe.abandon(error)
        }
      }
    }
    guard started else { throw .system(.resourceTemporarilyUnavailable, "start threads", subject) }
    if let fault = fault.withLock({ $0 }) { throw fault }
    return report.withLock { $0 }
  }

  private func fill(_ pipe: ChunkPipe, _ contents: borrowing Descriptor?) throws(MirrorError) {
    switch origin {
    case .tree(let walker): try walk(walker, into: pipe, contents)
    case .tarball(let source, let memory, let progress):
      source.value.pour(
        into: pipe, threads: threads, memory: memory, cancellation: cancellation, progress: progress)
    }
  }

  private func walk(
    _ walker: TreeWalker, into pipe: ChunkPipe, _ contents: borrowing Descriptor?
  ) throws(MirrorError) {
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

  private func change(_ original: ChunkPipe, into archive: ChunkPipe) throws(MirrorError) {
    guard let edit else { return }
    var editor = ArchiveEditor(edit, into: TarWriter(PipeSink(archive)), subject: subject)
    while let bytes = try original.next() {
      try cancellation.check()
      try editor.take(bytes)
    }
    try editor.finish()
  }

  private func compress(_ archive: ChunkPipe, into output: ChunkPipe) throws(MirrorError) {
    guard let settings else { return }
    let sink = PipeSink(output)
    switch settings.compression {
    case .xz:
      var encoder = try XZEncoder(
        level: settings.level, threads: threads, into: sink, subject: subject, cancellation: cancellation)
      try feed(&encoder, from: archive)
    case .gz:
      var encoder = try GzipEncoder(
        level: settings.level, threads: threads, into: sink, subject: subject, cancellation: cancellation)
      try feed(&encoder, from: archive)
    case .zst, .bz2:
      var encoder = try ArchiveEncoder(
        settings, threads: threads, into: sink, subject: subject, cancellation: cancellation)
      try feed(&encoder, from: archive)
    }
    sink.finish()
  }

  private func feed(
    _ encoder: inout some StreamEncoder & ~Copyable, from pipe: ChunkPipe
  ) throws(MirrorError) {
    var digester = try StreamDigester(digestsArchive ? [.sha256] : [])
    var size: Int64 = 0
    while let bytes = try pipe.next() {
      try cancellation.check()
      try encoder.encode(bytes)
      try digester.update(bytes)
      size += Int64(bytes.count)
    }
    try encoder.finish()
    let digests = try digester.finish()
    report.withLock { report in
      report.uncompressedSize = size
      report.archiveDigests = digests
    }
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
