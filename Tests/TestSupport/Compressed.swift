import CLibArchive
public import Foundation

/// Contents of compressed tarballs: real streams, because mirrorctl offers no others.
public enum Compressed {
  /// Programs by file name suffix.
  private static let filters = [
    ".tar.xz": "xz", ".tar.zst": "zstd", ".tar.gz": "gzip", ".tar.bz2": "bzip2",
  ]

  /// The bytes of a file with this name: the content, compressed according to the suffix.
  ///
  /// The bytes are always the same. Empty content, and that of files with other suffixes, is not compressed.
  public static func file(_ name: String, holding content: Data) -> Data {
    guard !content.isEmpty, let filter = filters.first(where: { name.hasSuffix($0.key) })?.value else {
      return content
    }
    return stream(filter, content)
  }

  /// The bytes of a file with this name and text.
  public static func file(_ name: String, holding text: String) -> Data {
    file(name, holding: Data(text.utf8))
  }

  /// Noise as an `.xz` file of exactly this size in bytes, a multiple of four; equal seeds give equal bytes.
  ///
  /// The end of the file is padding, which the format allows.
  public static func noise(bytes: Int, seed: UInt64) -> Data {
    precondition(bytes % 4 == 0 && bytes >= 128)
    var random = Seeded(state: seed)
    var content = Data(capacity: bytes)
    // Leaves space for the overhead of the compressed stream.
    while content.count < bytes - bytes / 5000 - 128 {
      withUnsafeBytes(of: random.next()) { content.append(contentsOf: $0) }
    }
    let stream = stream("xz", content)
    precondition(stream.count <= bytes)
    return stream + Data(count: bytes - stream.count)
  }

  /// Any bytes as a `.zst` file, which is eight bytes longer: a skippable frame.
  public static func frame(around content: Data) -> Data { frameHeader(content.count) + content }

  /// Writes a `.zst` file of exactly this size in bytes that takes no space: a skippable frame around a hole.
  public static func writeHole(bytes: Int, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try frameHeader(bytes - 8).write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: UInt64(bytes))
    try file.close()
  }

  /// The header of a skippable frame, see RFC 8878, 3.1.2.
  private static func frameHeader(_ size: Int) -> Data {
    var header = Data([0x50, 0x2a, 0x4d, 0x18])
    withUnsafeBytes(of: UInt32(size).littleEndian) { header.append(contentsOf: $0) }
    return header
  }

  private static func stream(_ filter: String, _ content: Data) -> Data {
    let room = content.count + content.count / 100 + 4096
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
    let used = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    let archive = archive_write_new()
    let entry = archive_entry_new()
    defer {
      archive_entry_free(entry)
      archive_write_free(archive)
      used.deallocate()
      buffer.deallocate()
    }
    archive_entry_set_filetype(entry, mctl_regular_file)
    check(archive_write_add_filter_by_name(archive, filter), archive)
    check(archive_write_set_filter_option(archive, filter, "compression-level", "1"), archive)
    // Its header would contain the time.
    if filter == "gzip" { check(archive_write_set_filter_option(archive, filter, "timestamp", nil), archive) }
    check(archive_write_set_format_raw(archive), archive)
    check(archive_write_open_memory(archive, buffer.baseAddress, room, used), archive)
    check(archive_write_header(archive, entry), archive)
    let written = content.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
    precondition(written == content.count)
    check(archive_write_close(archive), archive)
    return Data(buffer[..<used.pointee])
  }

  private static func check(_ status: CInt, _ archive: OpaquePointer?) {
    guard status != ARCHIVE_OK else { return }
    fatalError(archive_error_string(archive).map { String(cString: $0) } ?? "libarchive failed")
  }
}
