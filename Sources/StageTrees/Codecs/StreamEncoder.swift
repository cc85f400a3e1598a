package import LinuxSystem

/// Compresses a stream of bytes into a file. Dropped unfinished, it stops and frees what it holds.
package protocol StreamEncoder: ~Copyable {
  /// Takes the next bytes; they may be overwritten afterwards.
  mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError)

  /// Writes what is still held back, and the format's end.
  mutating func finish() throws(MirrorError)
}

/// Memory that C fills or reads, freed with its owner.
package struct ChunkBuffer: ~Copyable {
  package let bytes: UnsafeMutableRawBufferPointer

  package init(count: Int) { bytes = .allocate(byteCount: count, alignment: 64) }

  deinit { bytes.deallocate() }

  /// The first `count` bytes.
  package func prefix(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[..<count])
  }
}

extension Cancellation {
  /// Throws once a stop is asked for, naming the file that stays as it was.
  package func check(compressing subject: String) throws(MirrorError) {
    guard isCancelled else { return }
    throw MirrorError(.interrupted, subject, "compression was interrupted; the file stays as it was")
  }
}
