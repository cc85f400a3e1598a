import LinuxSystem

/// Puts headers and content into a pipe, as a tar archive.
struct TarWriter: ~Copyable {
  private let sink: PipeSink
  /// Bytes so far.
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

  /// Lets `read` put up to `count` bytes where they are sent from; it returns how many it put there.
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

  /// Fills the last block of a member's content.
  mutating func pad() throws(MirrorError) { try write(TarHeader.padding(after: size)) }

  /// Writes the archive's end: two blocks of zeros, and as many as make a record of twenty.
  mutating func finish() throws(MirrorError) {
    let record: Int64 = 20 * 512
    let rest = (size + 1024) % record
    try write([UInt8](repeating: 0, count: 1024 + Int(rest == 0 ? 0 : record - rest)))
    sink.finish()
  }
}
