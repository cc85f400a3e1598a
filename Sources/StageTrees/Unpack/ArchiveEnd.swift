/// Tells whether a tar archive has its end mark, from its last bytes only.
///
/// A file of several gzip members, bzip2 streams or zstd frames that ends between two of them is valid for its
/// compression.
package struct ArchiveEnd {
  /// Two blocks of zeros; padding may follow.
  private static let mark = 1024
  /// The end of the index that pixz appends: a name without bytes, and the offset of the index.
  private static let indexEnd = 9

  private var size: UInt64 = 0
  /// Number of zeros at the end.
  private var zeros: UInt64 = 0
  private var last: [UInt8] = []

  package init() {}

  /// Takes the next bytes.
  package mutating func take(_ bytes: UnsafeRawBufferPointer) {
    let end = bytes.reversed().prefix { $0 == 0 }.count
    zeros = end == bytes.count ? zeros + UInt64(end) : UInt64(end)
    last = (last + bytes.suffix(Self.indexEnd)).suffix(Self.indexEnd)
    size += UInt64(bytes.count)
  }

  /// Whether the archive has its end mark.
  package var isThere: Bool { zeros >= Self.mark || hasIndex }

  private var hasIndex: Bool {
    guard last.count == Self.indexEnd, last[0] == 0 else { return false }
    let offset = last.dropFirst().reversed().reduce(0) { $0 << 8 | UInt64($1) }
    return offset >= UInt64(Self.mark) && offset < size
  }
}
