import MirrorModel
import LinuxSystem
import SystemPackage

/// Finds the caches that builds of mirrorctl marked as their own.
struct CacheSearch: Sendable {
  let settings: CacheSettings
  let cancellation: Cancellation

  /// The caches found, and problems with others.
  struct Found: Sendable {
    var caches: [CacheDirectory] = []
    var problems: [MirrorError] = []
  }

  /// Levels of directories below `path/cache` in which caches are searched.
  private static let depth = 8

  /// The marked directories of these kinds.
  func find(_ kinds: Set<CacheKind>) -> Found {
    var found = Found()
    let wanted = kinds.intersection([.distfiles, .packages, .ccache])
    guard !wanted.isEmpty else { return found }
    search(wanted, &found)
    if wanted.contains(.distfiles), !found.caches.contains(where: { $0.path == settings.distfiles }) {
      take(settings.distfiles, wanted, &found, isNamed: true)
    }
    found.caches.sort { $0.path.string < $1.path.string }
    return found
  }

  /// Walks `path/cache` for lock files with a mark.
  private func search(_ wanted: Set<CacheKind>, _ found: inout Found) {
    var waiting: [(path: FilePath, depth: Int)] = [(settings.cache, 0)]
    let skipped = [settings.git, settings.git.removingLastComponent().appending("rsync")]
    while let (path, depth) = waiting.popLast(), !cancellation.isCancelled {
      guard path.exists, let directory = try? Self.open(path), let entries = try? directory.entries() else {
        continue
      }
      let names = Set(entries.map(\.name))
      for entry in entries where entry.kind == .directory {
        guard let name = entry.name.text else { continue }
        let inner = path.appending(name)
        guard !skipped.contains(inner) else { continue }
        if names.contains(entry.name.appending(".lock")), take(inner, wanted, &found, isNamed: false) {
          continue
        }
        if depth < Self.depth { waiting.append((inner, depth + 1)) }
      }
    }
  }

  /// Adds a directory that is marked; returns whether it has a mark of any kind.
  @discardableResult
  private func take(
    _ path: FilePath, _ wanted: Set<CacheKind>, _ found: inout Found, isNamed: Bool
  ) -> Bool {
    guard path.exists else { return false }
    do throws(MirrorError) {
      let mark = try CacheLock.mark(of: path) ?? ""
      if let kind = CacheKind(mark: mark) {
        if wanted.contains(kind) { found.caches.append(CacheDirectory(kind: kind, path: path)) }
        return true
      }
      guard isNamed, try !Self.open(path).entries().isEmpty else { return false }
      found.problems.append(
        MirrorError(
          .refused, "\(path)", "was not created by this version of mirrorctl, so nothing is deleted in it",
          remedy:
            "if only builds use it, write `\(CacheKind.distfiles.mark)` to \(path).lock; otherwise remove caches/distfiles"
        ))
    } catch { found.problems.append(error) }
    return false
  }

  private static func open(_ path: FilePath) throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(
      trusted: path, as: .any, remedy: "fix its owner and mode, or use another directory")
  }
}
