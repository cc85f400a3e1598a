import LinuxSystem
import MirrorModel
import SystemPackage

/// The tables of a `.qcow2` image: everything that they name must be within the file.
///
/// Source: QEMU's `docs/interop/qcow2.rst`. All numbers are big-endian.
struct Qcow2End {
  private static let magic = Array("QFI".utf8) + [0xfb]
  /// Tables that are read at most: those of some hundred gigabytes. What follows them is not checked.
  private static let maximumTables = 4096
  /// QEMU's own limit of the first table, in bytes.
  private static let maximumFirst: UInt64 = 32 << 20

  private let size: Int64
  private let clusterBits: UInt64
  private let entryBytes: Int
  private var cluster: UInt64 { 1 << clusterBits }

  static func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    let head = try file.bytes(from: 0, count: 104)
    guard head.contains(where: { $0 != 0 }) else { return .cutOff }
    guard head.starts(with: magic) else { return .otherKind }
    guard head.count >= 72 else { return .cutOff }
    let version = StoredNumber.big(head, 4, 4)
    guard version == 2 || version == 3, version == 2 || head.count == 104 else { return .cutOff }
    let features = version == 3 ? StoredNumber.big(head, 72, 8) : 0
    let bits = StoredNumber.big(head, 20, 4)
    let (entries, table) = (StoredNumber.big(head, 36, 4), StoredNumber.big(head, 40, 8))
    let (counts, countClusters) = (StoredNumber.big(head, 48, 8), StoredNumber.big(head, 56, 4))
    guard (9...21).contains(bits), entries * 8 <= maximumFirst,
      StoredNumber.fits(table, entries, of: 8, in: size), counts > 0, countClusters > 0,
      StoredNumber.fits(counts, countClusters, of: 1 << bits, in: size)
    else { return .cutOff }
    if StoredNumber.big(head, 60, 4) > 0, StoredNumber.big(head, 64, 8) >= UInt64(clamping: size) {
      return .cutOff
    }
    // Its data is in another file.
    if features & 4 != 0 { return nil }
    let end = Qcow2End(size: size, clusterBits: bits, entryBytes: features & 16 != 0 ? 16 : 8)
    return try end.isWhole(file, table: table, entries: entries) ? nil : .cutOff
  }

  private func isWhole(
    _ file: borrowing Descriptor, table: UInt64, entries: UInt64
  ) throws(Errno) -> Bool {
    var (index, tables): (UInt64, Int) = (0, 0)
    while index < entries {
      let count = Int(min(entries - index, 8192))
      let part = try file.bytes(from: Int64(clamping: table + index * 8), count: count * 8)
      guard part.count == count * 8 else { return false }
      for row in 0..<count {
        let second = StoredNumber.big(part, row * 8, 8) & 0x00ff_ffff_ffff_fe00
        if second == 0 { continue }
        tables += 1
        if tables > Self.maximumTables { return true }
        guard StoredNumber.fits(second, cluster, in: size), try isWhole(file, second: second) else {
          return false
        }
      }
      index += UInt64(count)
    }
    return true
  }

  /// Whether the clusters of a second table begin within the file; the last one may be short.
  private func isWhole(_ file: borrowing Descriptor, second: UInt64) throws(Errno) -> Bool {
    let part = try file.bytes(from: Int64(clamping: second), count: Int(cluster))
    guard part.count == Int(cluster) else { return false }
    // The offset of compressed data ends where its length begins.
    let mask: UInt64 = (1 << (62 - (clusterBits - 8))) - 1
    for offset in stride(from: 0, to: part.count, by: entryBytes) {
      let entry = StoredNumber.big(part, offset, 8)
      let start = entry & 1 << 62 != 0 ? entry & mask : entry & 0x00ff_ffff_ffff_fe00
      if start >= UInt64(clamping: size) { return false }
    }
    return true
  }
}
