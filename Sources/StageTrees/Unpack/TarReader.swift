package import LinuxSystem
import CLibArchive
import SystemPackage

/// Reads the members of a tar archive from a pipe, with libarchive.
package struct TarReader: ~Copyable {
  private let handle: ArchiveReadHandle
  private let supply: PipeSupply
  private let subject: String
  /// The name of the current member.
  private var current: [UInt8] = []
  /// The end of the last member, in bytes of the archive.
  private var end: Int64 = 0

  /// - Parameter subject: the tarball's path.
  package init(_ pipe: ChunkPipe, subject: String) throws(MirrorError) {
    let handle = try ArchiveReadHandle(subject: subject)
    let archive = handle.raw
    let supply = PipeSupply(pipe)
    try LibArchive.check(archive_read_support_format_tar(archive), archive, "read", subject)
    // An error in the first block is reported at the first member.
    _ = archive_read_open(
      archive, Unmanaged.passUnretained(supply).toOpaque(), nil,
      { _, context, bytes in
        guard let context else { return -1 }
        return Unmanaged<PipeSupply>.fromOpaque(context).takeUnretainedValue().next(bytes)
      }, nil)
    self.handle = handle
    self.supply = supply
    self.subject = subject
  }

  /// The next member; nil at the end of a complete archive.
  package mutating func next() throws(MirrorError) -> TarMember? {
    if !current.isEmpty {
      // Skips the rest of the last member; its end determines where the archive's end mark must begin.
      try check(archive_read_data_skip(handle.raw))
      end = archive_filter_bytes(handle.raw, 0)
    }
    var entry: OpaquePointer?
    let result = archive_read_next_header(handle.raw, &entry)
    if result == ARCHIVE_EOF {
      try checkEnd()
      return nil
    }
    // A name that is not UTF-8 is used unchanged.
    if result != ARCHIVE_WARN || !isAboutText { try check(result) }
    guard let entry else { throw fault("libarchive returned no member") }
    let member = try TarMember(entry, subject: subject)
    current = member.name
    return member
  }

  /// The next bytes of the member and their offset in its file; nil after the last.
  package mutating func nextBlock() throws(MirrorError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
    var bytes: UnsafeRawPointer?
    var count = 0
    var offset: la_int64_t = 0
    let result = archive_read_data_block(handle.raw, &bytes, &count, &offset)
    if result == ARCHIVE_EOF { return nil }
    try check(result)
    return (UnsafeRawBufferPointer(start: bytes, count: count), Int64(offset))
  }

  /// Reads what follows the end mark, which must be zeros.
  private func checkEnd() throws(MirrorError) {
    while supply.hasMore() {}
    if let fault = supply.fault { throw fault }
    guard supply.lastContent < end || end == 0 && supply.lastContent < 0 else {
      throw fault("has data after the end of the archive")
    }
    guard supply.total - end >= 1024 else { throw fault("is truncated: its end mark is missing") }
  }

  private var isAboutText: Bool {
    archive_error_string(handle.raw).map { String(cString: $0).contains("can't be converted") } ?? false
  }

  private func check(_ result: Int32) throws(MirrorError) {
    guard result != ARCHIVE_OK else { return }
    if let fault = supply.fault {
      guard fault.code == .invalid, !current.isEmpty else { throw fault }
      throw MirrorError(
        fault.code, fault.subject, "\(fault.problem), in or after member \(escaped(current))",
        remedy: fault.remedy)
    }
    let error = LibArchive.fault(of: handle.raw, "read", subject)
    guard error.code == .library else { throw error }
    throw fault(error.problem)
  }

  private func fault(_ problem: String) -> MirrorError {
    current.isEmpty
      ? TarballInput.fault(subject, "is not a valid tar archive: \(problem)")
      : TarballInput.fault(subject, "is damaged in or after member \(escaped(current)): \(problem)")
  }
}

/// Passes bytes from a pipe to libarchive, and remembers how it ended.
private final class PipeSupply {
  private let pipe: ChunkPipe
  private(set) var fault: MirrorError?
  /// Number of bytes so far.
  private(set) var total: Int64 = 0
  /// The offset of the last byte that is not zero; -1 if there is none.
  private(set) var lastContent: Int64 = -1
  private var isAtEnd = false

  init(_ pipe: ChunkPipe) { self.pipe = pipe }

  func next(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    guard let chunk = chunk() else { return fault == nil ? 0 : -1 }
    bytes?.pointee = chunk.baseAddress
    return chunk.count
  }

  /// Reads on; false at the end.
  func hasMore() -> Bool { chunk() != nil }

  private func chunk() -> UnsafeRawBufferPointer? {
    if isAtEnd { return nil }
    do throws(MirrorError) {
      guard let chunk = try pipe.next() else {
        isAtEnd = true
        return nil
      }
      if let last = chunk.lastIndex(where: { $0 != 0 }) { lastContent = total + Int64(last) }
      total += Int64(chunk.count)
      return chunk
    } catch {
      isAtEnd = true
      fault = error
      return nil
    }
  }
}
