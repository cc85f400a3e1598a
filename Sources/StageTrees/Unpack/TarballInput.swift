import LinuxSystem
import SystemPackage

/// The bytes of an open tarball, from its start.
struct TarballInput: ~Copyable {
  let subject: String
  private let file: Descriptor
  private let progress: @Sendable (Int) -> Void
  private let buffer = ChunkBuffer(count: 1 << 18)
  private var offset: Int64 = 0

  init(_ file: consuming Descriptor, subject: String, progress: @escaping @Sendable (Int) -> Void) {
    self.file = file
    self.subject = subject
    self.progress = progress
  }

  /// The next bytes, valid until the next call; empty at the end.
  mutating func next() throws(MirrorError) -> UnsafeRawBufferPointer {
    let count = try read(into: buffer.bytes)
    return buffer.prefix(count)
  }

  /// Reads the next bytes; 0 at the end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int {
    let position = offset
    let count = try attempt("read", subject) { () throws(Errno) in try file.read(into: buffer, at: position) }
    offset += Int64(count)
    progress(count)
    return count
  }

  /// An error caused by the content.
  static func fault(_ subject: String, _ problem: String) -> MirrorError {
    MirrorError(.invalid, subject, problem, remedy: "get the tarball again, or compare its digests")
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
