import CLibArchive
import Glibc
import SystemPackage

/// gzip, bzip2 and zstd by libarchive.
struct ArchiveEncoder: StreamEncoder, ~Copyable {
  private let handle: WriteHandle
  /// libarchive writes to its descriptor.
  private let file: Descriptor
  private let subject: String

  /// - Parameters:
  ///   - threads: for zstd, whose bytes do not depend on the number.
  ///   - subject: the path that errors name.
  init(
    _ settings: CompressionSettings, threads: Int, into file: consuming Descriptor, subject: String,
    cancellation: Cancellation
  ) throws(MirrorError) {
    let handle = try WriteHandle(settings.compression, subject: subject, cancellation: cancellation)
    let archive = handle.raw
    let filter = settings.compression.filterName
    var options: [(name: String, value: String?)] = [("compression-level", "\(settings.level)")]
    // A time in the header would make every run's bytes differ.
    if settings.compression == .gz { options.append(("timestamp", nil)) }
    if settings.compression == .zst { options.append(("threads", "\(min(max(1, threads), 64))")) }
    try LibArchive.check(
      archive_write_add_filter(archive, settings.compression.filterCode), archive, "compress", subject)
    try LibArchive.check(archive_write_set_format_raw(archive), archive, "compress", subject)
    for option in options {
      try LibArchive.check(
        archive_write_set_filter_option(archive, filter, option.name, option.value), archive, "compress",
        subject)
    }
    try LibArchive.check(archive_write_set_bytes_per_block(archive, 1 << 16), archive, "compress", subject)
    try LibArchive.check(archive_write_open_fd(archive, file.raw), archive, "compress", subject)
    try Self.beginEntry(archive, subject)
    self.handle = handle
    self.file = file
    self.subject = subject
  }

  private static func beginEntry(_ archive: OpaquePointer, _ subject: String) throws(MirrorError) {
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_set_filetype(entry, mctl_regular_file)
    try LibArchive.check(archive_write_header(archive, entry), archive, "compress", subject)
  }

  mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    let count = archive_write_data(handle.raw, bytes.baseAddress, bytes.count)
    guard count == bytes.count else { throw LibArchive.fault(of: handle.raw, "compress", subject) }
  }

  mutating func finish() throws(MirrorError) {
    try LibArchive.check(archive_write_close(handle.raw), handle.raw, "compress", subject)
  }
}

/// The one owner of a libarchive writer.
private struct WriteHandle: ~Copyable {
  let raw: OpaquePointer
  private let compression: Compression
  private let cancellation: Cancellation

  init(_ compression: Compression, subject: String, cancellation: Cancellation) throws(MirrorError) {
    guard let raw = archive_write_new() else { throw .system(.noMemory, "compress", subject) }
    self.raw = raw
    self.compression = compression
    self.cancellation = cancellation
  }

  deinit {
    // Freeing closes: zstd would compress all that is queued first, while the others leak unless closed.
    if compression == .zst { archive_write_fail(raw) }
    // zstd's blocks in work cannot be stopped; a run that is about to end does not wait a minute for them.
    if compression == .zst && cancellation.isCancelled && freeMeanwhile() { return }
    archive_write_free(raw)
  }

  private func freeMeanwhile() -> Bool {
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { archive in
        archive_write_free(archive.map { OpaquePointer($0) })
        return nil
      }, UnsafeMutableRawPointer(raw))
    guard started == 0 else { return false }
    pthread_detach(thread)
    return true
  }
}
