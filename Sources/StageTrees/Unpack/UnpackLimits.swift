import LinuxSystem

/// Limits on the contents of one tarball, so that a small hostile one cannot fill the disk or keep a run
/// busy.
package struct UnpackLimits: Hashable, Sendable {
  /// Number of members.
  package var entries: Int
  /// Bytes of all files together, as they are written.
  package var totalBytes: Int64
  /// Bytes of one file, holes included.
  package var fileBytes: Int64
  /// Number of components of a path.
  package var depth: Int
  /// Bytes that are remembered until the end: directories, access control lists and skipped members.
  package var heldBytes: Int
  /// Bytes of memory for decompression: the window of zstd, the dictionaries of xz.
  package var memory: UInt64

  /// Half of this machine's memory.
  package static var defaultMemory: UInt64 { max(HostMachine.memory / 2, 128 << 20) }

  /// - Parameters: by default far above any stage or snapshot: four million members, 1 TiB, 256 directories,
  ///   about half a million directories.
  package init(
    entries: Int = 4_000_000, totalBytes: Int64 = 1 << 40, fileBytes: Int64 = 1 << 40, depth: Int = 256,
    heldBytes: Int = 128 << 20, memory: UInt64? = nil
  ) {
    self.entries = entries
    self.totalBytes = totalBytes
    self.fileBytes = fileBytes
    self.depth = depth
    self.heldBytes = heldBytes
    self.memory = memory ?? Self.defaultMemory
  }
}
