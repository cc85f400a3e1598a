package import LinuxSystem
package import MirrorModel
import Synchronization
package import SystemPackage

/// Writes a whole root as a tarball whose bytes depend on the tree and the options alone.
///
/// Neither the number of threads nor the order of directories, inode and device numbers or the root's path
/// matter. Members come in byte order of their paths. Hard links, holes, access control lists, extended
/// attributes and capabilities are kept; sockets, and what lies on another file system, are left out with a note.
package struct TreeCapture: Sendable {
  /// What is captured, and how.
  package struct Options: Sendable {
    /// nil for a plain `.tar`.
    package var compression: Compression?
    /// nil for the format's highest.
    package var level: Int?
    /// Threads that compress.
    package var threads: Int
    /// Seconds since the epoch; later modification times become this one.
    package var epoch: Int64
    /// Directories, relative to the root, of which the contents are left out and they themselves not.
    package var excluded: [String]
    /// What is left out altogether, relative to the root.
    package var omitted: [String] = []
    /// What stands before every path: `./`, or `portage/` for a snapshot.
    package var prefix: String
    /// What is computed of the tarball as it is written.
    package var algorithms: [DigestAlgorithm]

    /// All of a tree.
    package init(
      compression: Compression? = .xz, level: Int? = nil, threads: Int? = nil, epoch: Int64,
      excluded: [String] = [], prefix: String = "./", algorithms: [DigestAlgorithm] = [.sha256]
    ) {
      self.compression = compression
      self.level = level
      self.threads = threads ?? Workers.processors
      self.epoch = epoch
      self.excluded = excluded
      self.prefix = prefix
      self.algorithms = algorithms
    }
  }

  private let options: Options
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: told the bytes just read from files, by another thread.
  package init(
    _ options: Options, cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.options = options
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Writes the tree at `root` to `sink`, at its position, and to `contents` a list of the members' paths, one a
  /// line, compressed by gzip.
  ///
  /// - Throws: ``MirrorError`` naming the file that cannot be read, or that changed meanwhile; what was written
  ///   until then is worth nothing.
  package func capture(
    _ root: FilePath, into sink: consuming Descriptor, contents: consuming Descriptor? = nil
  ) throws(MirrorError) -> CaptureReport {
    try capture(try AnchoredDirectory(root: root), into: sink, contents: contents)
  }

  /// As above, of a directory that is open already.
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
      walker: walker, settings: settings, threads: options.threads, algorithms: options.algorithms,
      subject: "\(name)", cancellation: cancellation)
    return try work.run(into: sink, contents: contents)
  }
}
