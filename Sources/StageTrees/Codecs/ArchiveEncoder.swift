import MirrorModel
package import LinuxSystem
import CLibArchive
import SystemPackage

/// bzip2 and zstd with libarchive.
package struct ArchiveEncoder: StreamEncoder, ~Copyable {
  private let handle: WriteHandle
  private let output: CallbackOutput
  private let subject: String

  /// - Parameters:
  ///   - threads: for zstd, whose output does not depend on the number.
  ///   - subject: the path in errors.
  package init(
    _ settings: CompressionSettings, threads: Int, into sink: any ByteSink, subject: String,
    cancellation: Cancellation
  ) throws(MirrorError) {
    let output = CallbackOutput(sink)
    let handle = try WriteHandle(
      settings.compression, output, subject: subject, cancellation: cancellation)
    let archive = handle.raw
    let filter = settings.compression.filterName
    var options: [(name: String, value: String?)] = [("compression-level", "\(settings.level)")]
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
    // Otherwise the last block would be padded with zeros.
    try LibArchive.check(archive_write_set_bytes_in_last_block(archive, 1), archive, "compress", subject)
    try output.check(
      archive_write_open(
        archive, Unmanaged.passUnretained(output).toOpaque(), nil,
        { _, context, bytes, count in
          guard let context else { return -1 }
          let output = Unmanaged<CallbackOutput>.fromOpaque(context).takeUnretainedValue()
          return output.write(UnsafeRawBufferPointer(start: bytes, count: count))
        }, nil), archive, subject)
    try Self.beginEntry(archive, subject)
    self.handle = handle
    self.output = output
    self.subject = subject
  }

  private static func beginEntry(_ archive: OpaquePointer, _ subject: String) throws(MirrorError) {
    guard let entry = archive_entry_new() else { throw .system(.noMemory, "compress", subject) }
    defer { archive_entry_free(entry) }
    archive_entry_set_filetype(entry, mctl_regular_file)
    try LibArchive.check(archive_write_header(archive, entry), archive, "compress", subject)
  }

  package mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    let count = archive_write_data(handle.raw, bytes.baseAddress, bytes.count)
    try output.check(count == bytes.count ? ARCHIVE_OK : ARCHIVE_FATAL, handle.raw, subject)
  }

  package mutating func finish() throws(MirrorError) {
    try output.check(archive_write_close(handle.raw), handle.raw, subject)
  }
}

/// Receives libarchive's output, and remembers why it could not be written.
private final class CallbackOutput {
  private let sink: any ByteSink
  private var fault: MirrorError?

  init(_ sink: any ByteSink) { self.sink = sink }

  func write(_ bytes: UnsafeRawBufferPointer) -> Int {
    do throws(MirrorError) {
      try sink.write(bytes)
      return bytes.count
    } catch {
      fault = error
      return -1
    }
  }

  func check(_ result: Int32, _ archive: OpaquePointer, _ subject: String) throws(MirrorError) {
    guard result != ARCHIVE_OK else { return }
    throw fault ?? LibArchive.fault(of: archive, "compress", subject)
  }
}

/// The only owner of a libarchive writer.
private struct WriteHandle: ~Copyable {
  let raw: OpaquePointer
  private let compression: Compression
  private let cancellation: Cancellation
  /// Freeing may still write.
  private let output: CallbackOutput

  init(
    _ compression: Compression, _ output: CallbackOutput, subject: String, cancellation: Cancellation
  ) throws(MirrorError) {
    guard let raw = archive_write_new() else { throw .system(.noMemory, "compress", subject) }
    self.raw = raw
    self.output = output
    self.compression = compression
    self.cancellation = cancellation
  }

  deinit {
    // Freeing closes: zstd would first compress everything that is queued, while the others leak unless
    // closed.
    if compression == .zst { _ = archive_write_fail(raw) }
    // zstd cannot stop blocks in progress; a run that is about to end does not wait a minute for them.
    if compression == .zst && cancellation.isCancelled && freeMeanwhile() { return }
    // The stream was finished before, or is dropped.
    _ = archive_write_free(raw)
  }

  private func freeMeanwhile() -> Bool {
    let archive = UInt(bitPattern: raw)
    return BackgroundThread.start { _ = archive_write_free(OpaquePointer(bitPattern: archive)) }
  }
}
