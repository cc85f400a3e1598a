import LinuxSystem

/// Gives the bytes that a compressed stream holds.
protocol StreamDecoder: ~Copyable {
  /// Fills `buffer` as far as bytes are there without more waiting than needed; 0 at the stream's sound end.
  ///
  /// - Throws: when the stream is truncated or damaged, or something follows its end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int
}
