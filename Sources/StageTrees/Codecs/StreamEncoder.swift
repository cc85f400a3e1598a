package import LinuxSystem

/// Compresses a stream of bytes into a file. If dropped unfinished, it stops and frees its resources.
package protocol StreamEncoder: ~Copyable {
  /// Takes the next bytes; the buffer may be overwritten afterwards.
  mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError)

  /// Writes buffered output and the end of the format.
  mutating func finish() throws(MirrorError)
}

/// Memory that C code reads or fills, freed with its owner.
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
  /// Throws if a stop is requested, naming the file, which is left unchanged.
  package func check(compressing subject: String) throws(MirrorError) {
    guard isCancelled else { return }
    throw MirrorError(.interrupted, subject, "compression interrupted; the file is unchanged")
  }
}
