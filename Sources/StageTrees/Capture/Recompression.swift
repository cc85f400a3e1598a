package import LinuxSystem
import MirrorModel
package import SystemPackage

/// Writes the archive of a tarball with another compression.
package struct Recompression: Sendable {
  /// nil for a plain archive.
  private let settings: CompressionSettings?
  private let threads: Int
  private let memory: UInt64
  private let edit: ArchiveEdit?
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameters:
  ///   - settings: nil for a plain archive.
  ///   - memory: the most memory to use for decompression, in bytes.
  ///   - edit: changes to the archive; nil for the same bytes.
  ///   - progress: receives the number of bytes just read from the tarball, on another thread; the sum is its
  ///     size.
  package init(
    _ settings: CompressionSettings?, threads: Int, memory: UInt64 = UnpackLimits.defaultMemory,
    edit: ArchiveEdit? = nil, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.settings = settings
    self.threads = threads
    self.memory = memory
    self.edit = edit
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Writes to `sink`, at its position. The report has the SHA-256 of the result and of the archive.
  ///
  /// - Throws: ``MirrorError`` naming the tarball if it is damaged; then the output is unusable.
  package func run(_ tarball: FilePath, into sink: consuming Descriptor) throws(MirrorError) -> CaptureReport
  {
    try run(Shared(try TarballSource(tarball)), into: sink)
  }

  /// The same for a tarball that is open.
  package func run(
    _ source: Shared<TarballSource>, into sink: consuming Descriptor
  ) throws(MirrorError) -> CaptureReport {
    let work = CaptureWork(
      origin: .tarball(source, memory: memory, progress: progress), settings: settings, threads: threads,
      algorithms: [.sha256], digestsArchive: true, edit: edit, subject: source.value.subject,
      cancellation: cancellation)
    return try work.run(into: sink, contents: nil)
  }
}
