import LinuxSystem

/// Reads the decompressed bytes of a stream.
protocol StreamDecoder: ~Copyable {
  /// Fills `buffer` with the bytes available without unnecessary waiting; returns 0 at the end of a complete
  /// stream.
  ///
  /// - Throws: when the stream is truncated or damaged, or has trailing data.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int
}
