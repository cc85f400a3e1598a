package import MirrorModel

/// The result of a capture.
package struct CaptureReport: Hashable, Sendable {
  /// Digests of the tarball as written.
  package internal(set) var digests = DigestSet()
  /// Size in bytes of the tarball as written.
  package internal(set) var size: Int64 = 0
  /// Size in bytes of the archive before compression.
  package internal(set) var uncompressedSize: Int64 = 0
  /// Digests of the archive before compression, if asked for.
  package internal(set) var archiveDigests = DigestSet()
  /// Number of members, including the root; 0 if a tarball was compressed again.
  package internal(set) var entries = 0
  /// Messages about what was left out unasked.
  package var notes: [String] { collected.lines }
  var collected = Notes()
}
