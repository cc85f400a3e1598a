package import LinuxSystem
import CLibArchive
import SystemPackage

/// The names of the files in an initramfs: cpio archives in a row, of which the last one may be compressed.
///
/// Source: Linux, `Documentation/driver-api/early-userspace/buffer-format.rst`.
package enum Initramfs {
  /// The most archives, members of one, and bytes of one that are read.
  private static let limits = (archives: 64, members: 1 << 20, bytes: Int64(1) << 33)

  /// Whether the name of a file in it contains a text; nil if its format or compression is unknown, or it is damaged.
  ///
  /// - Parameter subject: its name in errors.
  package static func contains(
    _ text: String, _ file: borrowing Descriptor, subject: String, _ cancellation: Cancellation
  ) throws(MirrorError) -> Bool? {
    let size = try attempt("examine", subject) { () throws(Errno) in try file.status().size }
    var offset: Int64 = 0
    for _ in 0..<limits.archives {
      try cancellation.check()
      offset = try afterZeros(of: file, from: offset, subject)
      if offset >= size { return false }
      var archive = PlainCPIO(offset: offset)
      guard try archive.header(in: file, subject) != nil else {
        return try CompressedCPIO.contains(text, file, from: offset, subject: subject, limits, cancellation)
      }
      var members = 0
      while let name = try archive.next(in: file, subject) {
        if name.contains(text) { return true }
        members += 1
        guard members < limits.members else { return nil }
        if members % 1024 == 0 { try cancellation.check() }
      }
      guard archive.isComplete else { return nil }
      offset = archive.offset
    }
    return nil
  }

  /// The end of the padding between archives.
  private static func afterZeros(
    of file: borrowing Descriptor, from start: Int64, _ subject: String
  ) throws(MirrorError) -> Int64 {
    var offset = start
    while true {
      let (place, count) = (offset, 1 << 12)
      let bytes = try attempt("read", subject) { () throws(Errno) in try file.bytes(from: place, count: count)
      }
      if let first = bytes.firstIndex(where: { $0 != 0 }) { return offset + Int64(first) }
      offset += Int64(bytes.count)
      guard bytes.count == count else { return offset }
    }
  }
}

/// A cpio archive that is not compressed, such as that with the microcode of CPUs.
private struct PlainCPIO {
  private static let headerSize = 110
  /// Names are shorter than this, as all paths.
  private static let longestName: Int64 = 4096

  /// Of the next member, or of the end.
  private(set) var offset: Int64
  /// Whether its end was met.
  private(set) var isComplete = false

  init(offset: Int64) { self.offset = offset }

  /// The header at the offset; nil if there is none.
  func header(in file: borrowing Descriptor, _ subject: String) throws(MirrorError) -> (
    size: Int64, name: Int64
  )? {
    let place = offset
    let bytes = try attempt("read", subject) { () throws(Errno) in
      try file.bytes(from: place, count: Self.headerSize)
    }
    guard bytes.count == Self.headerSize,
      bytes.starts(with: "070701".utf8) || bytes.starts(with: "070702".utf8)
    else { return nil }
    func number(_ index: Int) -> Int64? {
      Int64(String(decoding: bytes[(6 + index * 8)..<(14 + index * 8)], as: UTF8.self), radix: 16)
    }
    guard let size = number(6), let name = number(11), size >= 0, (1...Self.longestName).contains(name) else {
      return nil
    }
    return (size, name)
  }

  /// The name of the next member; nil at the end, or where the archive is damaged.
  mutating func next(in file: borrowing Descriptor, _ subject: String) throws(MirrorError) -> String? {
    guard let (size, nameSize) = try header(in: file, subject) else { return nil }
    let place = offset + Int64(Self.headerSize)
    let bytes = try attempt("read", subject) { () throws(Errno) in
      try file.bytes(from: place, count: Int(nameSize))
    }
    func aligned(_ offset: Int64) -> Int64 { (offset + 3) / 4 * 4 }
    offset = aligned(aligned(place + nameSize) + size)
    let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    isComplete = name == "TRAILER!!!"
    return isComplete ? nil : name
  }
}

/// A cpio archive that libarchive decompresses.
private enum CompressedCPIO {
  static func contains(
    _ text: String, _ file: borrowing Descriptor, from offset: Int64, subject: String,
    _ limits: (archives: Int, members: Int, bytes: Int64), _ cancellation: Cancellation
  ) throws(MirrorError) -> Bool? {
    let locale = UTF8Locale()
    defer { withExtendedLifetime(locale) {} }
    let handle = try ArchiveReadHandle(subject: subject)
    let archive = handle.raw
    for support in [
      archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
      archive_read_support_filter_lzma, archive_read_support_filter_lz4, archive_read_support_filter_zstd,
      archive_read_support_format_cpio,
    ] {
      // A filter that libarchive lacks would run a program.
      guard support(archive) == ARCHIVE_OK else { return nil }
    }
    try attempt("read", subject) { () throws(Errno) in try file.seek(to: offset) }
    guard archive_read_open_fd(archive, file.raw, 1 << 18) == ARCHIVE_OK else { return nil }
    for number in 0..<limits.members {
      if number % 64 == 0 { try cancellation.check() }
      var entry: OpaquePointer?
      let result = handle.nextHeader(&entry)
      if result == ARCHIVE_EOF { return false }
      guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry,
        archive_filter_bytes(archive, 0) < limits.bytes
      else { return nil }
      if let name = archive_entry_pathname(entry), String(cString: name).contains(text) { return true }
    }
    return nil
  }
}
