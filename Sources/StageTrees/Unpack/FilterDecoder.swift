import LinuxSystem
import MirrorModel
import SystemPackage

/// bzip2 with libarchive's filter.
struct FilterDecoder: StreamDecoder, ~Copyable {
  private var decoder: ArchiveDecoder
  private let file: Descriptor
  private let subject: String
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void
  private var reported: Int64 = 0
  private var isEmpty = true
  /// The rest of the filter's last block; valid until the next one.
  private var rest = UnsafeRawBufferPointer(start: nil, count: 0)

  init(
    _ compression: Compression, of file: consuming Descriptor, subject: String, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void
  ) throws(MirrorError) {
    let second = try attempt("read", subject) { () throws(Errno) in try file.duplicate() }
    decoder = try Self.decoder(compression, second, subject)
    self.file = file
    self.subject = subject
    self.cancellation = cancellation
    self.progress = progress
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    if rest.isEmpty {
      let next: UnsafeRawBufferPointer?
      do throws(MirrorError) { next = try decoder.next() } catch { throw Self.blaming(error) }
      let consumed = decoder.consumed
      progress(Int(clamping: consumed - reported))
      reported = consumed
      guard let next else {
        try checkEnd()
        return 0
      }
      rest = next
      isEmpty = false
    }
    let count = min(rest.count, buffer.count)
    UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    return count
  }

  private static func decoder(
    _ compression: Compression, _ file: consuming Descriptor, _ subject: String
  ) throws(MirrorError) -> ArchiveDecoder {
    do throws(MirrorError) {
      return try ArchiveDecoder(compression, of: file, subject: subject)
    } catch { throw blaming(error) }
  }

  private func checkEnd() throws(MirrorError) {
    guard reported >= 0 else { throw MirrorError(.library, subject, "libarchive lost its position") }
    if isEmpty { try checkEmpty() }
    let file = try attempt("read", subject) { () throws(Errno) in try self.file.duplicate() }
    var tail = TarballInput(
      file, from: reported, subject: subject, cancellation: cancellation, progress: progress)
    try tail.checkPadding(UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// libarchive takes a stream for empty if its first block is damaged. An empty one has only a header, the
  /// mark of its end, and a checksum of 0.
  private func checkEmpty() throws(MirrorError) {
    let end: [UInt8] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0]
    var offset: Int64 = 0
    while offset < reported {
      try cancellation.check()
      let position = offset
      let stream = try attempt("read", subject) { () throws(Errno) in
        try file.bytes(from: position, count: 4 + end.count)
      }
      guard stream.starts(with: "BZh".utf8), stream.dropFirst(4).elementsEqual(end) else {
        throw TarballInput.fault(subject, "is truncated or damaged: its bzip2 stream is corrupt")
      }
      offset += Int64(stream.count)
    }
  }

  private static func blaming(_ error: MirrorError) -> MirrorError {
    guard error.code == .library else { return error }
    return TarballInput.fault(error.subject, "is truncated or damaged: \(error.problem)")
  }
}
