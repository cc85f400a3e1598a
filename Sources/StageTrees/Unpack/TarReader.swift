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
  /// The result of opening.
  private let opened: Int32

  /// - Parameter subject: the tarball's path.
  package init(_ pipe: ChunkPipe, subject: String) throws(MirrorError) {
    let handle = try ArchiveReadHandle(subject: subject)
    let archive = handle.raw
    let supply = PipeSupply(pipe, subject: subject)
    try LibArchive.check(archive_read_support_format_tar(archive), archive, "read", subject)
    // An error in the first block is reported at the first member.
    opened = archive_read_open(
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
    if current.isEmpty {
      try check(opened)
    } else {
      // Skips the rest of the last member; its end determines where the archive's end mark must begin.
      try check(archive_read_data_skip(handle.raw))
      end = try position()
    }
    var entry: OpaquePointer?
    supply.beginHeader(at: end)
    let result = handle.nextHeader(&entry)
    if result == ARCHIVE_EOF {
      try checkEnd()
      return nil
    }
    // A name that is not UTF-8 is used unchanged.
    if result != ARCHIVE_WARN || !isAboutText { try check(result) }
    guard let entry else { throw fault("libarchive returned no member") }
    let (headerEnd, supply) = (try position(), supply)
    let member = try TarMember(entry, subject: subject) { PaxRecords(header: supply.header(to: headerEnd)) }
    supply.endHeader()
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

  /// Reads what follows the last member.
  private func checkEnd() throws(MirrorError) {
    let (tail, isEmpty) = supply.tail(after: end)
    if let fault = supply.fault { throw fault }
    if let problem = tail.problem { throw fault(problem) }
    guard !isEmpty else {
      throw TarballInput.fault(subject, "is not a tarball: it contains only zeros")
    }
  }

  private func position() throws(MirrorError) -> Int64 {
    let position = archive_filter_bytes(handle.raw, 0)
    guard position >= 0 else { throw fault("libarchive lost its position") }
    return position
  }

  private var isAboutText: Bool {
    archive_error_string(handle.raw).map { String(cString: $0).contains("can't be converted") } ?? false
  }

  private func check(_ result: Int32) throws(MirrorError) {
    guard result != ARCHIVE_OK else { return }
    if let fault = supply.fault {
      guard [.invalid, .refused].contains(fault.code), !current.isEmpty else { throw fault }
      throw MirrorError(
        fault.code, fault.subject, "\(fault.problem), in or after member \(MemberFault.excerpt(current))",
        remedy: fault.remedy)
    }
    let error = LibArchive.fault(of: handle.raw, "read", subject)
    guard error.code == .library else { throw error }
    throw fault(error.problem)
  }

  private func fault(_ problem: String) -> MirrorError {
    current.isEmpty
      ? TarballInput.fault(subject, "is not a valid tar archive: \(problem)")
      : TarballInput.fault(
        subject, "is damaged in or after member \(MemberFault.excerpt(current)): \(problem)")
  }
}

/// Passes bytes from a pipe to libarchive, and remembers how it ended.
private final class PipeSupply {
  /// Maximum bytes of one member's headers, which libarchive keeps in memory: names, attributes, holes.
  private static let headerLimit: Int64 = 8 << 20

  private let pipe: ChunkPipe
  private let subject: String
  private(set) var fault: MirrorError?
  /// The last bytes, which are valid until the next, and their offset.
  private var current = UnsafeRawBufferPointer(start: nil, count: 0)
  private var start: Int64 = 0
  private var isAtEnd = false
  private var hasContent = false
  /// The offset of the header that is being read; nil outside of headers.
  private var headerStart: Int64?
  /// The part of the header before ``current``.
  private var kept: [UInt8] = []

  init(_ pipe: ChunkPipe, subject: String) {
    self.pipe = pipe
    self.subject = subject
  }

  func next(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    guard keepHeader(), let chunk = chunk() else { return fault == nil ? 0 : -1 }
    // For the header that is being read: see ArchiveReadHandle.nextHeader.
    clearErrno()
    bytes?.pointee = chunk.baseAddress
    return chunk.count
  }

  func beginHeader(at offset: Int64) { headerStart = offset }

  func endHeader() {
    headerStart = nil
    kept.removeAll()
  }

  /// The current header, which ends at this offset.
  func header(to end: Int64) -> [UInt8] {
    guard let headerStart else { return [] }
    let first = min(max(headerStart - start, 0), Int64(current.count))
    let last = min(max(end - start, first), Int64(current.count))
    return kept + current[Int(first)..<Int(last)]
  }

  /// Reads to the end of the archive, whose last member ends at this offset.
  func tail(after end: Int64) -> (tail: ArchiveTail, isEmpty: Bool) {
    // libarchive has read zeros only, if any, between the member and the current bytes.
    let first = min(max(end - start, 0), Int64(current.count))
    var tail = ArchiveTail(end: end, position: start + first)
    tail.take(UnsafeRawBufferPointer(rebasing: current[Int(first)...]))
    while let chunk = chunk() { tail.take(chunk) }
    return (tail, !hasContent)
  }

  /// Copies the current bytes of a header before others replace them; false if the header is too large.
  private func keepHeader() -> Bool {
    guard let headerStart else { return true }
    kept = header(to: start + Int64(current.count))
    guard start + Int64(current.count) - headerStart <= Self.headerLimit else {
      fault = MirrorError(
        .refused, subject, "has a member with more than \(Self.headerLimit >> 20) MiB of headers",
        remedy: "if you trust it, unpack it with tar")
      return false
    }
    return true
  }

  private func chunk() -> UnsafeRawBufferPointer? {
    if isAtEnd { return nil }
    start += Int64(current.count)
    current = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(MirrorError) {
      guard let chunk = try pipe.next() else {
        isAtEnd = true
        return nil
      }
      current = chunk
      hasContent = hasContent || chunk.contains { $0 != 0 }
      return chunk
    } catch {
      isAtEnd = true
      fault = error
      return nil
    }
  }
}
