import LinuxSystem

/// Evicts from the page cache what reading a file adds to it, and leaves what was there before.
///
/// The kernel shows only the file's owner and root what is cached; for others nothing is evicted.
struct CacheKeeper {
  /// Unit of eviction in bytes; a unit with any cached page is left alone.
  private static let unit: Int64 = 1 << 20
  private let size: Int64
  private let wasCached: [Bool]
  private var restored = 0

  /// Records what is cached of a file before it is read.
  init(of file: borrowing Descriptor, size: Int64) {
    self.size = size
    var cached: [Bool] = []
    var offset: Int64 = 0
    while offset < size {
      let bytes = min(64 * Self.unit, size - offset)
      let unknown = Array(repeating: true, count: Int((bytes + Self.unit - 1) / Self.unit))
      cached += file.cachedUnits(from: offset, count: Int(bytes), unit: Int(Self.unit)) ?? unknown
      offset += bytes
    }
    wasCached = cached
  }

  /// Evicts what was read so far, and everything again at the end: large folios span units.
  mutating func restore(_ file: borrowing Descriptor, upTo offset: Int64) {
    let isEnd = offset >= size
    let limit = isEnd ? wasCached.count : Int(offset / Self.unit)
    var unit = isEnd ? 0 : restored
    while unit < limit {
      let start = unit
      while unit < limit && !wasCached[unit] { unit += 1 }
      if unit > start {
        file.dropCache(from: Int64(start) * Self.unit, count: Int64(unit - start) * Self.unit)
      }
      unit += 1
    }
    restored = limit
  }
}
