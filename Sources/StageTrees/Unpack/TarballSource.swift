package import MirrorModel
package import LinuxSystem
package import SystemPackage

/// An open tarball with any supported compression.
package struct TarballSource: ~Copyable {
  private let file: Descriptor
  /// Determined from the first bytes, not from the name; nil for a plain `.tar`.
  package let compression: Compression?
  /// The path in errors.
  let subject: String

  package init(_ path: FilePath) throws(MirrorError) {
    let subject = "\(path)"
    let file = try attempt("open", subject) { () throws(Errno) in try Descriptor(reading: path) }
    try self.init(file, subject: subject)
  }

  /// - Parameter subject: the path in errors.
  package init(_ file: consuming Descriptor, subject: String) throws(MirrorError) {
    let status = try attempt("examine", subject) { () throws(Errno) in try file.status() }
    let head = try attempt("read", subject) { () throws(Errno) in try file.bytes(upTo: 6) }
    guard status.kind == .regular else {
      throw MirrorError(.invalid, subject, "is not a regular file", remedy: "give a tarball")
    }
    self.file = file
    self.subject = subject
    compression = Compression(magic: head)
  }

  /// Decompresses all of it into a pipe; then ends the pipe, with the error if there is one.
  ///
  /// - Parameters:
  ///   - memory: the most memory to use for decompression, in bytes.
  ///   - progress: receives the number of bytes just read from the tarball.
  func pour(
    into pipe: ChunkPipe, threads: Int, memory: UInt64, cancellation: Cancellation,
    progress: @escaping @Sendable (Int) -> Void
  ) {
    do throws(MirrorError) {
      let file = try attempt("read", subject) { () throws(Errno) in try self.file.duplicate() }
      if compression == .bz2 {
        var decoder = try FilterDecoder(
          .bz2, of: file, subject: subject, cancellation: cancellation, progress: progress)
        try Self.pour(&decoder, into: pipe, cancellation)
      } else {
        let input = TarballInput(file, subject: subject, cancellation: cancellation, progress: progress)
        switch compression {
        case .xz:
          var decoder = try XZDecoder(input, threads: threads, memory: memory, cancellation: cancellation)
          try Self.pour(&decoder, into: pipe, cancellation)
        case .zst:
          var decoder = try ZstdDecoder(input, memory: memory)
          try Self.pour(&decoder, into: pipe, cancellation)
        case .gz:
          var decoder = try GzipDecoder(input)
          try Self.pour(&decoder, into: pipe, cancellation)
        default:
          var decoder = PlainDecoder(input)
          try Self.pour(&decoder, into: pipe, cancellation)
        }
      }
      pipe.finish()
    } catch { pipe.fail(error) }
  }

  private static func pour(
    _ decoder: inout some StreamDecoder & ~Copyable, into pipe: ChunkPipe, _ cancellation: Cancellation
  ) throws(MirrorError) {
    while true {
      let chunk = try pipe.vacant()
      var filled = 0
      while filled < chunk.bytes.count {
        try cancellation.check()
        let count: Int
        do throws(MirrorError) {
          count = try decoder.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk.bytes[filled...]))
        } catch {
          // The valid bytes before the error show which member it is in.
          pipe.send(chunk, count: filled)
          throw error
        }
        if count == 0 { return pipe.send(chunk, count: filled) }
        filled += count
      }
      pipe.send(chunk, count: filled)
    }
  }
}

extension Compression {
  /// The format with these first bytes.
  init?(magic head: [UInt8]) {
    if head.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
      self = .xz
    } else if head.starts(with: [0x1f, 0x8b]) {
      self = .gz
    } else if head.starts(with: "BZh".utf8) {
      self = .bz2
    } else if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(head) {
      self = .zst
    } else {
      return nil
    }
  }

  /// RFC 8878, 3.1.2: the first frame that pzstd writes.
  private static func isSkippableFrame(_ head: [UInt8]) -> Bool {
    guard let first = head.first else { return false }
    return first & 0xf0 == 0x50 && head.dropFirst().starts(with: [0x2a, 0x4d, 0x18])
  }
}
