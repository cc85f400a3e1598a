import MirrorModel
import LinuxSystem

/// A file of a cache, or a directory that is deleted as a whole.
struct CacheEntry: Hashable, Sendable {
  /// Relative to the cache.
  let path: MirrorPath
  /// Size on the disk.
  let bytes: Int64
  /// When it was last written, in seconds since the epoch.
  let used: Int64
}

/// The contents of one directory.
struct CacheContents: Sendable {
  var entries: [CacheEntry] = []
  /// Size of everything in it, also of what is always kept.
  var bytes: Int64 = 0
}

/// Which entries exceed the limits of their kind.
enum CachePlanner {
  /// Selects entries of several directories of one kind.
  ///
  /// Entries that are too old are removed; then the least recently used ones, until the others fit.
  ///
  /// - Parameter now: seconds since the epoch.
  /// - Returns: the entries to remove, by directory.
  static func removals(
    _ contents: [CacheContents], _ limit: CacheSettings.Limit, now: Int64
  ) -> [[CacheEntry]] {
    var removed = contents.map { _ in [CacheEntry]() }
    var rest: [(place: Int, entry: CacheEntry)] = []
    let oldest = limit.days.map { now - Int64($0) * 86_400 }
    for (place, content) in contents.enumerated() {
      for entry in content.entries {
        if let oldest, entry.used < oldest {
          removed[place].append(entry)
        } else {
          rest.append((place, entry))
        }
      }
    }
    guard let most = limit.bytes else { return removed }
    var total = rest.reduce(Int64(0)) { $0 &+ $1.entry.bytes }
    guard total > most else { return removed }
    rest.sort { ($0.entry.used, $0.place, $0.entry.path) < ($1.entry.used, $1.place, $1.entry.path) }
    for (place, entry) in rest where total > most {
      removed[place].append(entry)
      total &-= entry.bytes
    }
    return removed
  }
}
