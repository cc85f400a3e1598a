package import MirrorModel

/// What was captured.
package struct CaptureReport: Hashable, Sendable {
  /// Of the tarball as it was written.
  package internal(set) var digests = DigestSet()
  /// Bytes of the tarball as it was written.
  package internal(set) var size: Int64 = 0
  /// Bytes of the archive before compression.
  package internal(set) var uncompressedSize: Int64 = 0
  /// Members, the root among them.
  package internal(set) var entries = 0
  /// What was left out though nobody said so, for a person.
  package var notes: [String] { collected.lines }
  var collected = Notes()
}
