import LinuxSystem
import SystemPackage

/// The bytes of an open tarball, from its start.
struct TarballInput: ~Copyable {
  let subject: String
  private let file: Descriptor
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void
  private let buffer = ChunkBuffer(count: 1 << 18)
  private var offset: Int64

  /// - Parameter offset: where to begin, in bytes.
  init(
    _ file: consuming Descriptor, from offset: Int64 = 0, subject: String, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void
  ) {
    self.file = file
    self.offset = offset
    self.subject = subject
    self.cancellation = cancellation
    self.progress = progress
  }

  /// The next bytes, valid until the next call; empty at the end.
  mutating func next() throws(MirrorError) -> UnsafeRawBufferPointer {
    let count = try read(into: buffer.bytes)
    return buffer.prefix(count)
  }

  /// Reads the next bytes; 0 at the end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    try cancellation.check()
    let position = offset
    let count = try attempt("read", subject) { () throws(Errno) in try file.read(into: buffer, at: position) }
    offset += Int64(count)
    progress(count)
    return count
  }

  /// Reads to the end. After a compressed stream only zeros may follow, as on tapes.
  ///
  /// - Parameter rest: bytes that were already read.
  mutating func checkPadding(_ rest: UnsafeRawBufferPointer) throws(MirrorError) {
    var bytes = rest
    if bytes.isEmpty { bytes = try next() }
    while !bytes.isEmpty {
      guard bytes.allSatisfy({ $0 == 0 }) else { throw Self.trailing(subject) }
      bytes = try next()
    }
  }

  /// An error caused by the content.
  static func fault(_ subject: String, _ problem: String) -> MirrorError {
    MirrorError(.invalid, subject, problem, remedy: "get the tarball again, or compare its digests")
  }

  /// The error for data after the last compressed stream.
  static func trailing(_ subject: String) -> MirrorError {
    MirrorError(
      .invalid, subject, "has data after the end of its compressed stream",
      remedy: "get the tarball again, or decompress it and compress the result")
  }

  /// The error for a stream that cannot be decompressed within the limit.
  ///
  /// - Parameter needed: bytes of memory; nil if unknown.
  static func needsMemory(_ subject: String, _ needed: UInt64?, limit: UInt64) -> MirrorError {
    let needs = needed.map { "\(mebibytes($0)) of memory to decompress, more" } ?? "more memory to decompress"
    return MirrorError(
      .refused, subject, "needs \(needs) than the limit of \(mebibytes(limit))",
      remedy: "allow more memory, or compress it again with a smaller dictionary or window")
  }

  private static func mebibytes(_ bytes: UInt64) -> String {
    "\((bytes >> 20) + (bytes & 0xf_ffff == 0 ? 0 : 1)) MiB"
  }
}

/// A `.tar` that is not compressed.
struct PlainDecoder: StreamDecoder, ~Copyable {
  private var input: TarballInput

  init(_ input: consuming TarballInput) { self.input = input }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    try input.read(into: buffer)
  }
}
