package import LinuxSystem
package import MirrorModel
import Synchronization
package import SystemPackage

/// Writes a root as a tarball whose bytes depend only on the tree and the options.
///
/// The number of threads, the order of directories, inode and device numbers and the root's path do not
/// matter. Members are in byte order of their paths. Hard links, holes, access control lists, extended
/// attributes and capabilities are preserved; sockets and other file systems are left out with a note.
package struct TreeCapture: Sendable {
  /// What to capture, and how.
  package struct Options: Sendable {
    /// nil for a plain `.tar`.
    package var compression: Compression?
    /// nil for the format's highest.
    package var level: Int?
    /// Number of threads that compress.
    package var threads: Int
    /// Seconds since the epoch; later modification times are set to this one.
    package var epoch: Int64
    /// Directories, relative to the root, that are captured without their contents.
    package var excluded: [String]
    /// Paths relative to the root that are left out completely.
    package var omitted: [String] = []
    /// The prefix of every path: `./`, or `portage/` for a snapshot.
    package var prefix: String
    /// The digests to compute of the tarball as written.
    package var algorithms: [DigestAlgorithm]
    /// Whether to compute the SHA-256 of the archive before compression.
    package var digestsArchive = false
    /// Changes to the archive.
    package var edit: ArchiveEdit?
    /// Subtracted from all owners, also from those in access control lists and capabilities.
    package var idShift: IDShift?

    /// The complete tree.
    package init(
      compression: Compression? = .xz, level: Int? = nil, threads: Int? = nil, epoch: Int64,
      excluded: [String] = [], prefix: String = "./", algorithms: [DigestAlgorithm] = [.sha256],
      idShift: IDShift? = nil
    ) {
      self.compression = compression
      self.level = level
      self.threads = threads ?? Workers.processors
      self.epoch = epoch
      self.excluded = excluded
      self.prefix = prefix
      self.algorithms = algorithms
      self.idShift = idShift
    }
  }

  private let options: Options
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: receives the number of bytes just read from files, on another thread.
  package init(
    _ options: Options, cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.options = options
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Writes the tree at `root` to `sink`, at its position, and to `contents` a list of the members' paths,
  /// one per line, compressed with gzip.
  ///
  /// - Throws: ``MirrorError`` naming the file that cannot be read, or that changed meanwhile; then the
  ///   output is unusable.
  package func capture(
    _ root: FilePath, into sink: consuming Descriptor, contents: consuming Descriptor? = nil
  ) throws(MirrorError) -> CaptureReport {
    try capture(try AnchoredDirectory(root: root), into: sink, contents: contents)
  }

  /// As above, for a directory that is already open.
  package func capture(
    _ root: borrowing AnchoredDirectory, into sink: consuming Descriptor,
    contents: consuming Descriptor? = nil
  ) throws(MirrorError) -> CaptureReport {
    let settings: CompressionSettings?
    if let compression = options.compression {
      settings = try CompressionSettings(compression, level: options.level)
    } else {
      settings = nil
    }
    let name = FilePath(root.displayed(root.path))
    let walker = try TreeWalker(
      root: Shared(try TreeDirectory(root)), named: name, options, cancellation, progress)
    let work = CaptureWork(
      origin: .tree(walker), settings: settings, threads: options.threads, algorithms: options.algorithms,
      digestsArchive: options.digestsArchive, edit: options.edit, subject: "\(name)",
      cancellation: cancellation)
    return try work.run(into: sink, contents: contents)
  }
}
