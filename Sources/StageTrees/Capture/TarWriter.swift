import LinuxSystem

/// Writes headers and content into a pipe, as a tar archive.
struct TarWriter: ~Copyable {
  private let sink: PipeSink
  /// Number of bytes so far.
  private(set) var size: Int64 = 0

  init(_ sink: PipeSink) { self.sink = sink }

  mutating func write(_ bytes: [UInt8]) throws(MirrorError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let space = try sink.vacant()
      let count = min(space.count, rest.count)
      space.copyBytes(from: rest.prefix(count))
      sink.advance(count)
      rest = rest.dropFirst(count)
    }
    size += Int64(bytes.count)
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    try sink.write(bytes)
    size += Int64(bytes.count)
  }

  /// Lets `read` put up to `count` bytes directly into the buffer; it returns the number of bytes.
  mutating func write(
    upTo count: Int64, _ read: (UnsafeMutableRawBufferPointer) throws(MirrorError) -> Int
  ) throws(MirrorError) -> Int {
    let space = try sink.vacant()
    let wanted = Int(min(Int64(space.count), count))
    let filled = try read(UnsafeMutableRawBufferPointer(rebasing: space[..<wanted]))
    sink.advance(filled)
    size += Int64(filled)
    return filled
  }

  /// Pads the last block of a member's content.
  mutating func pad() throws(MirrorError) { try write(TarHeader.padding(after: size)) }

  /// Writes the end of the archive.
  mutating func finish() throws(MirrorError) {
    try write(TarHeader.end(after: size))
    sink.finish()
  }
}
