/// How much one tarball may hold, so that a small hostile one fills no disk and wears no run out.
package struct UnpackLimits: Hashable, Sendable {
  /// Members.
  package var entries: Int
  /// Bytes of all files together, as they are written.
  package var totalBytes: Int64
  /// Bytes of one file, holes included.
  package var fileBytes: Int64
  /// Components of a path.
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
