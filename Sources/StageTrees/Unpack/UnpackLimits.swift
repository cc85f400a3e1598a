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

  /// - Parameters: by default far above any stage or snapshot: four million members, 1 TiB, 256 directories.
  package init(
    entries: Int = 4_000_000, totalBytes: Int64 = 1 << 40, fileBytes: Int64 = 1 << 40, depth: Int = 256
  ) {
    self.entries = entries
    self.totalBytes = totalBytes
    self.fileBytes = fileBytes
    self.depth = depth
  }
}
