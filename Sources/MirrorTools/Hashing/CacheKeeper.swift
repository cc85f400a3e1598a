import Glibc

/// Takes out of the page cache what reading a file brings into it, and leaves what was there before.
///
/// The kernel tells what is cached to the file's owner and to root only; for others nothing is taken out.
struct CacheKeeper {
  /// Bytes looked at together; a unit with any page cached is left alone.
  private static let unit: Int64 = 1 << 20
  private let size: Int64
  private let wasCached: [Bool]
  private var restored = 0

  /// Notes what is cached of a file before it is read.
  init(of file: borrowing Descriptor, size: Int64) {
    self.size = size
    var cached: [Bool] = []
    var offset: Int64 = 0
    while offset < size {
      let bytes = min(64 * Self.unit, size - offset)
      cached += Self.cachedUnits(of: file, at: offset, Int(bytes))
      offset += bytes
    }
    wasCached = cached
  }

  /// Takes out what was read by now, and everything again at the end: large folios span units.
  mutating func restore(_ file: borrowing Descriptor, upTo offset: Int64) {
    let isEnd = offset >= size
    let limit = isEnd ? wasCached.count : Int(offset / Self.unit)
    var unit = isEnd ? 0 : restored
    while unit < limit {
      let start = unit
      while unit < limit && !wasCached[unit] { unit += 1 }
      if unit > start {
        posix_fadvise(
          file.raw, off_t(Int64(start) * Self.unit), off_t(Int64(unit - start) * Self.unit),
          POSIX_FADV_DONTNEED)
      }
      unit += 1
    }
    restored = limit
  }

  /// Asks `mincore(2)` about a mapping that is never read: a file cut short meanwhile does no harm.
  private static func cachedUnits(of file: borrowing Descriptor, at offset: Int64, _ bytes: Int) -> [Bool] {
    let count = (bytes + Int(unit) - 1) / Int(unit)
    guard let map = mmap(nil, bytes, PROT_NONE, MAP_SHARED, file.raw, off_t(offset)), map != MAP_FAILED else {
      return Array(repeating: true, count: count)
    }
    defer { munmap(map, bytes) }
    let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    var pages = [UInt8](repeating: 0, count: (bytes + page - 1) / page)
    guard mincore(map, bytes, &pages) == 0 else { return Array(repeating: true, count: count) }
    let perUnit = max(1, Int(unit) / page)
    return (0..<count).map { unit in pages[(unit * perUnit)...].prefix(perUnit).contains { $0 & 1 == 1 } }
  }
}
