import LinuxSystem
import MirrorModel
import SystemPackage

/// zstd and bzip2 with libarchive's filters.
struct FilterDecoder: StreamDecoder, ~Copyable {
  private var decoder: ArchiveDecoder
  private let size: Int64
  private let subject: String
  private let progress: @Sendable (Int) -> Void
  private var reported: Int64 = 0
  /// The rest of the filter's last block; valid until the next one.
  private var rest = UnsafeRawBufferPointer(start: nil, count: 0)

  init(
    _ compression: Compression, of file: consuming Descriptor, subject: String,
    progress: @escaping @Sendable (Int) -> Void
  ) throws(MirrorError) {
    let size = try attempt("examine", subject) { () throws(Errno) in try file.status().size }
    decoder = try Self.decoder(compression, file, subject)
    self.size = size
    self.subject = subject
    self.progress = progress
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    if rest.isEmpty {
      do throws(MirrorError) {
        guard let next = try decoder.next() else {
          try checkEnd()
          return 0
        }
        rest = next
      } catch { throw Self.blaming(error) }
      let consumed = decoder.consumed
      progress(Int(clamping: consumed - reported))
      reported = consumed
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
    guard decoder.consumed == size else {
      throw TarballInput.fault(subject, "has data after the end of its compressed stream")
    }
  }

  private static func blaming(_ error: MirrorError) -> MirrorError {
    guard error.code == .library else { return error }
    return TarballInput.fault(error.subject, "is truncated or damaged: \(error.problem)")
  }
}
