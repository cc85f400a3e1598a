/// SHA-256 of every piece of a file, so that a damaged download can be repaired piece by piece.
package struct PieceDigests: Hashable, Sendable {
  /// The size of a piece in bytes; the last one may be shorter.
  package let length: Int64
  /// The concatenated digests.
  package var digests: [UInt8]

  package init(length: Int64, digests: [UInt8] = []) {
    self.length = length
    self.digests = digests
  }

  /// The size of pieces for a file of this size: 1 MiB, or more if there would be over 2048 pieces.
  package static func length(for size: Int64) -> Int64 {
    var length: Int64 = 1 << 20
    while size / length >= 2048 { length <<= 1 }
    return length
  }

  /// Whether the number of digests matches a file of this size.
  package func cover(_ size: Int64) -> Bool {
    guard length > 0, size >= 0 else { return false }
    let whole = size / length
    let count = size % length == 0 ? whole : whole + 1
    return Int64(digests.count) == count.multipliedReportingOverflow(by: 32).partialValue
  }
}
