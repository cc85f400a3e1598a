package import LinuxSystem
package import SystemPackage

/// Safely unpacks a stage or snapshot from an untrusted source, writing only into one directory.
///
/// Owners (by number), modes with set-id bits, times, hard links, holes, access control lists, extended
/// attributes and capabilities are restored. A member whose path contains a symbolic link is refused by
/// default, although the link itself may remain in the root: the member would overwrite something other than the
/// archive names. Tarballs written by ``TreeCapture`` and GNU tar from a tree never contain such a member.
package struct TreeUnpacker: Sendable {
  /// What to unpack, and how.
  package struct Options: Sendable {
    /// Directories, relative to the archive's root, that are unpacked without their contents.
    package var excluded: [String]
    /// Limits on the contents of the tarball.
    package var limits: UnpackLimits
    /// Number of threads that decompress; only xz uses more than one.
    package var threads: Int
    /// Whether to create devices; if not, or if the kernel forbids it, the report mentions them.
    package var canMakeDevices: Bool
    /// Whether a member below a symbolic link to a directory in the root is unpacked into that directory, as
    /// for an overlay of `lib/` onto a root with merged `/usr`. A directory with the name of such a link
    /// changes neither. If not, such a member is refused.
    package var keepsDirectoryLinks: Bool
    /// Added to all owners, also to those in access control lists and capabilities; only for root.
    package var idShift: IDShift?

    /// The complete tarball, with the default limits.
    package init(
      excluded: [String] = [], limits: UnpackLimits = UnpackLimits(), threads: Int? = nil,
      canMakeDevices: Bool = true, keepsDirectoryLinks: Bool = false, idShift: IDShift? = nil
    ) {
      self.excluded = excluded
      self.limits = limits
      self.threads = threads ?? Workers.processors
      self.canMakeDevices = canMakeDevices
      self.keepsDirectoryLinks = keepsDirectoryLinks
      self.idShift = idShift
    }
  }

  private let options: Options
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: receives the number of bytes just read from the tarball, on another thread; the
  ///   sum is its size.
  package init(
    _ options: Options, cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.options = options
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Unpacks a tarball, plain or compressed in any format of ``Compression``, into an existing directory.
  ///
  /// - Throws: ``MirrorError`` naming the tarball and the member; what was unpacked before is kept.
  package func unpack(_ tarball: FilePath, into root: FilePath) throws(MirrorError) -> UnpackReport {
    try unpack(tarball, into: try AnchoredDirectory(root: root))
  }

  /// As above, into a directory that is already open.
  package func unpack(
    _ tarball: FilePath, into root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> UnpackReport {
    let root = Shared(try TreeDirectory(root))
    let source = Shared(try TarballSource(tarball))
    return try TarballSource.read(
      source, threads: options.threads, memory: options.limits.memory, chunks: 8, cancellation: cancellation,
      progress: progress
    ) { pipe throws(MirrorError) in
      try write(from: pipe, into: root, subject: source.value.subject)
    }
  }

  private func write(
    from pipe: ChunkPipe, into root: Shared<TreeDirectory>, subject: String
  ) throws(MirrorError) -> UnpackReport {
    let locale = UTF8Locale()
    defer { withExtendedLifetime(locale) {} }
    var writer = try TreeWriter.make(root: root, subject: subject, options, cancellation)
    var reader = try TarReader(pipe, subject: subject)
    while let member = try reader.next() {
      try cancellation.check()
      try writer.add(member, from: &reader)
    }
    return try writer.finish()
  }
}
