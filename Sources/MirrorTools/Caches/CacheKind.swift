/// What builds keep between runs, and what accumulates in a mirror.
public enum CacheKind: String, CaseIterable, Codable, Sendable {
  /// Source archives of packages: `path/distfiles`.
  case distfiles
  /// Binary packages: `path/cache/package`.
  case packages
  /// Objects of git, and copies of rsync trees: `path/cache/git`.
  case git
  /// Objects of the compiler: `path/cache/ccache`.
  case ccache
  /// Work directories of failed builds that were kept, below `path/tmp`.
  case work
  /// Logs of builds, in `log` of each version.
  case logs
  /// Records of builds in the catalog, whose versions were removed.
  case history

  /// The first line of the lock file beside a cache: without it no file of the cache is deleted.
  package var mark: String { "mirrorctl cache of \(rawValue)" }

  /// The kind of a cache with this mark; nil for other text.
  init?(mark: String) {
    guard let kind = Self.marked.first(where: { $0.mark == mark }) else { return nil }
    self = kind
  }

  /// Kinds that are directories of files with a mark.
  private static let marked: [CacheKind] = [.distfiles, .packages, .ccache]

  /// Names that are kept in caches of this kind: records of the programs that use them.
  var kept: Set<String> {
    switch self {
    case .distfiles: ["layout.conf", ".mirror-cache.json", "CACHEDIR.TAG"]
    case .packages: ["Packages", "Packages.gz", "CACHEDIR.TAG"]
    case .ccache: ["stats", "ccache.conf", "CACHEDIR.TAG"]
    case .git, .work, .logs, .history: []
    }
  }
}
