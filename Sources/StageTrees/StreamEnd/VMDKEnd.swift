import LinuxSystem
import MirrorModel
import SystemPackage

/// The tables of a `.vmdk` image, or the footer of one that was made to be streamed.
///
/// Source: VMware's "Virtual Disk Format 5.0" and QEMU's `block/vmdk.c`. All numbers are little-endian, and count
/// sectors of 512 bytes.
struct VMDKEnd {
  private static let magic = Array("KDMV".utf8)
  /// Tables that are read at most. What follows them is not checked.
  private static let maximumTables: UInt64 = 1 << 16
  private static let atEnd = UInt64.max

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let head = try file.bytes(from: 0, count: 512)
    guard head.contains(where: { $0 != 0 }) else { return .cutOff }
    // A text that names the files with the data.
    if head.starts(with: "# Disk DescriptorFile".utf8) { return nil }
    guard head.starts(with: magic) else { return .otherKind }
    guard head.count == 512 else { return .cutOff }
    if StoredNumber.little(head, 56, 8) == atEnd { return try hasFooter(file, size) ? nil : .cutOff }
    return try isWhole(file, head, size) ? nil : .cutOff
  }

  /// A copy of the header between a marker and the mark of the end.
  private static func hasFooter(_ file: borrowing Descriptor, _ size: Int64) throws(Errno) -> Bool {
    guard size >= 2048 else { return false }
    let tail = try file.bytes(from: size - 1536, count: 1536)
    guard tail.count == 1536 else { return false }
    return StoredNumber.little(tail, 12, 4) == 3 && tail[512...].starts(with: magic)
      && tail[1024...].allSatisfy { $0 == 0 }
  }

  private static func isWhole(
    _ file: borrowing Descriptor, _ head: [UInt8], _ size: Int64
  ) throws(Errno) -> Bool {
    let (capacity, grain) = (StoredNumber.little(head, 12, 8), StoredNumber.little(head, 20, 8))
    let (entries, directory) = (StoredNumber.little(head, 44, 4), StoredNumber.little(head, 56, 8))
    guard grain > 0, (1...512).contains(entries), directory < 1 << 40 else { return false }
    let (span, isHuge) = grain.multipliedReportingOverflow(by: entries)
    guard !isHuge else { return false }
    let tables = capacity / span + (capacity % span == 0 ? 0 : 1)
    guard StoredNumber.fits(directory * 512, tables, of: 4, in: size) else { return false }
    let sectors = UInt64(clamping: size) / 512
    var index: UInt64 = 0
    while index < min(tables, maximumTables) {
      let count = Int(min(tables - index, 16_384))
      let part = try file.bytes(from: Int64(clamping: directory * 512 + index * 4), count: count * 4)
      guard part.count == count * 4 else { return false }
      for row in 0..<count {
        let table = StoredNumber.little(part, row * 4, 4)
        if table == 0 { continue }
        guard StoredNumber.fits(table * 512, entries, of: 4, in: size) else { return false }
        let grains = try file.bytes(from: Int64(clamping: table * 512), count: Int(entries) * 4)
        guard grains.count == Int(entries) * 4 else { return false }
        // 0 and 1 stand for grains without data; the last one may be short.
        for offset in stride(from: 0, to: grains.count, by: 4)
        where StoredNumber.little(grains, offset, 4) > 1 && StoredNumber.little(grains, offset, 4) >= sectors
        {
          return false
        }
      }
      index += UInt64(count)
    }
    return true
  }
}
