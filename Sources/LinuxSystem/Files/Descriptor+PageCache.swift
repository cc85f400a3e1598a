import Glibc

extension Descriptor {
  /// Tells the kernel that the file will be read sequentially.
  package func adviseSequential() { posix_fadvise(raw, 0, 0, POSIX_FADV_SEQUENTIAL) }

  /// Evicts `count` bytes, starting at `offset`, from the page cache.
  package func dropCache(from offset: Int64, count: Int64) {
    posix_fadvise(raw, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
  }

  /// For each unit of `unit` bytes, whether any of its pages is in the page cache; for `count` bytes from
  /// `offset`.
  ///
  /// Asks `mincore(2)` about a mapping that is never read: truncation of the file meanwhile does no harm.
  ///
  /// - Returns: nil if the kernel does not say.
  package func cachedUnits(from offset: Int64, count: Int, unit: Int) -> [Bool]? {
    guard let map = mmap(nil, count, PROT_NONE, MAP_SHARED, raw, off_t(offset)), map != MAP_FAILED else {
      return nil
    }
    defer { munmap(map, count) }
    let page = HostMachine.pageSize
    var pages = [UInt8](repeating: 0, count: (count + page - 1) / page)
    guard mincore(map, count, &pages) == 0 else { return nil }
    let perUnit = max(1, unit / page)
    return (0..<(count + unit - 1) / unit).map { unit in
      pages[(unit * perUnit)...].prefix(perUnit).contains { $0 & 1 == 1 }
    }
  }
}
