package import LinuxSystem
package import SystemPackage

/// Unpacks a whole stage or snapshot, whoever made it, into a directory and nowhere else.
///
/// Owners (by number), modes with set-id bits, times, hard links, holes, access control lists, extended
/// attributes and capabilities come back. A member whose path leads through a symbolic link is refused, though
/// the link may stay in the root: what it would overwrite is not what the archive names. Tarballs that
/// ``TreeCapture`` and GNU tar write of a tree never hold one.
package struct TreeUnpacker: Sendable {
  /// What is unpacked, and how.
  package struct Options: Sendable {
    /// Directories, relative to the archive's root, of which the contents are left out and they themselves not.
    package var excluded: [String]
    /// How much a tarball may hold.
    package var limits: UnpackLimits
    /// Threads that decompress; xz alone makes use of more than one.
    package var threads: Int
    /// Whether devices are made; where not, or where the kernel forbids it, the report notes them.
    package var canMakeDevices: Bool

    /// All of the tarball, with the default limits.
    package init(
      excluded: [String] = [], limits: UnpackLimits = UnpackLimits(), threads: Int? = nil,
      canMakeDevices: Bool = true
    ) {
      self.excluded = excluded
      self.limits = limits
      self.threads = threads ?? Workers.processors
      self.canMakeDevices = canMakeDevices
    }
  }

  private let options: Options
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: told the bytes just read from the tarball, by another thread; they add up to its size.
  package init(
    _ options: Options, cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.options = options
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Unpacks a tarball, plain or compressed with anything of ``Compression``, into an existing directory.
  ///
  /// - Throws: ``MirrorError`` naming the tarball and the member; what was unpacked until then stays.
  package func unpack(_ tarball: FilePath, into root: FilePath) throws(MirrorError) -> UnpackReport {
    try unpack(tarball, into: try AnchoredDirectory(root: root))
  }

  /// As above, into a directory that is open already.
  package func unpack(
    _ tarball: FilePath, into root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> UnpackReport {
    let root = Shared(try TreeDirectory(root))
    let source = Shared(try TarballSource(tarball))
    return try TarballSource.read(
      source, threads: options.threads, chunks: 8, cancellation: cancellation, progress: progress
    ) { pipe throws(MirrorError) in
      try write(from: pipe, into: root, subject: source.value.subject)
    }
  }

  private func write(
    from pipe: ChunkPipe, into root: Shared<TreeDirectory>, subject: String
  ) throws(MirrorError) -> UnpackReport {
    let locale = UTF8Locale()
    defer { withExtendedLifetime(locale) {} }
    var writer = try TreeWriter(root: root, subject: subject, options, cancellation)
    var reader = try TarReader(pipe, subject: subject)
    while let member = try reader.next() {
      try cancellation.check()
      try writer.add(member, from: &reader)
    }
    return try writer.finish()
  }
}
