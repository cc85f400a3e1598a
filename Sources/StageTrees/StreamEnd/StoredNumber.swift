/// Numbers in the headers of images. The caller has checked the length.
enum StoredNumber {
  static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  static func big(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Whether `count` units from `offset` end within a file of `size` bytes.
  static func fits(_ offset: UInt64, _ count: UInt64, of unit: UInt64 = 1, in size: Int64) -> Bool {
    let (bytes, isHuge) = count.multipliedReportingOverflow(by: unit)
    let (end, isBeyond) = offset.addingReportingOverflow(bytes)
    return !isHuge && !isBeyond && end <= UInt64(clamping: size)
  }
}
