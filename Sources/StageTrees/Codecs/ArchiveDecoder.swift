package import MirrorModel
package import LinuxSystem
import CLibArchive
import SystemPackage

/// Decompresses a file block by block; the content of the blocks does not matter.
package struct ArchiveDecoder: ~Copyable {
  private let handle: ArchiveReadHandle
  private let file: Descriptor
  private let subject: String
  private var isAtEnd = false

  /// - Parameters:
  ///   - file: read from its start.
  ///   - subject: the path in errors.
  package init(
    _ compression: Compression, of file: consuming Descriptor, subject: String
  ) throws(MirrorError) {
    let handle = try ArchiveReadHandle(subject: subject)
    let archive = handle.raw
    // Exactly this filter: with a guess, a compressed stream inside the stream would be unpacked too.
    try LibArchive.check(
      archive_read_append_filter(archive, compression.filterCode), archive, "read", subject)
    try LibArchive.check(archive_read_support_format_raw(archive), archive, "read", subject)
    try LibArchive.check(archive_read_support_format_empty(archive), archive, "read", subject)
    try LibArchive.check(archive_read_open_fd(archive, file.raw, 1 << 18), archive, "read", subject)
    var entry: OpaquePointer?
    let result = archive_read_next_header(archive, &entry)
    isAtEnd = result == ARCHIVE_EOF
    if !isAtEnd { try LibArchive.check(result, archive, "read", subject) }
    self.handle = handle
    self.file = file
    self.subject = subject
  }

  /// Number of bytes of the file decompressed so far, as far as the filter reports it.
  var consumed: Int64 { archive_filter_bytes(handle.raw, -1) }

  /// The next bytes, valid until the next call; nil at the end of a complete stream.
  ///
  /// - Throws: when the stream is truncated or damaged.
  package mutating func next() throws(MirrorError) -> UnsafeRawBufferPointer? {
    if isAtEnd { return nil }
    var bytes: UnsafeRawPointer?
    var count = 0
    var offset: la_int64_t = 0
    let result = archive_read_data_block(handle.raw, &bytes, &count, &offset)
    guard result != ARCHIVE_EOF else {
      isAtEnd = true
      return nil
    }
    try LibArchive.check(result, handle.raw, "read", subject)
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }
}
