import SystemPackage

extension MirrorError {
  /// A tarball whose compressed stream is cut off or does not decompress.
  static func damaged(_ subject: String) -> MirrorError {
    MirrorError(
      .invalid, subject, "is cut off or damaged: its compressed stream is not whole",
      remedy: "copy or build it again, or remove it; until then it is not offered")
  }
}

/// Judges, while a compressed tarball is read, whether its stream is all there, without decompressing it.
///
/// xz: footer and index, from the end; zst: the chain of block headers, on the way; bz2: the mark at the end. For gzip,
/// and for what is another kind of file than its name says, only decompressing tells.
struct StreamEnd {
  private let compression: Compression
  private var frames = ZstdFrames()

  init(_ compression: Compression) { self.compression = compression }

  /// Takes the next bytes of the file; all of them must come by, in order.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    if compression == .zst { frames.take(bytes) }
  }

  /// Whether the file, of `size` bytes that all came by, is not cut off.
  ///
  /// - Throws: what keeps its end from being read.
  func isWhole(_ file: borrowing Descriptor, size: Int64) throws(Errno) -> Bool {
    try Self.isWhole(file, size: size, compression) { _ throws(Errno) in frames.isWhole }
  }

  /// The same of a file that nobody read.
  static func isWhole(
    _ file: borrowing Descriptor, size: Int64, _ compression: Compression,
    frames: (borrowing Descriptor) throws(Errno) -> Bool = ZstdFrames.areWhole
  ) throws(Errno) -> Bool {
    let head = try file.bytes(upTo: 6)
    // Nothing, or the zeros that a power cut leaves where content was not written yet.
    if head.allSatisfy({ $0 == 0 }) { return false }
    guard Compression(magic: head) == compression else { return true }
    switch compression {
    case .xz: return try XZEnd.isWhole(file, size: size)
    case .bz2: return try Bzip2End.isWhole(file, size: size)
    case .gz: return true
    case .zst: return try frames(file)
    }
  }
}
