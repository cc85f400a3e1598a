public import LinuxSystem
import MirrorModel
import SystemPackage

/// Deletes from the caches of builds, the logs and the history what exceeds the limits of the configuration.
///
/// A cache that a running build uses is left as it is, and so are directories that mirrorctl did not mark as its
/// own.
public struct CacheRun {
  private let run: MirrorRun
  let settings: CacheSettings
  let cancellation: Cancellation

  /// Creates the use case for a run.
  public init(_ run: MirrorRun) {
    self.run = run
    settings = run.configuration.caches
    cancellation = run.environment.cancellation
  }

  /// Whether the configuration limits anything.
  var hasLimits: Bool { !settings.limits.isEmpty }

  /// What would be deleted.
  ///
  /// - Throws: if the configuration limits nothing.
  public func plan() throws(MirrorError) -> CacheReport { try work(isDryRun: true) }

  /// Deletes it.
  ///
  /// - Throws: if the configuration limits nothing.
  public func apply() throws(MirrorError) -> CacheReport { try work(isDryRun: false) }

  private func work(isDryRun: Bool) throws(MirrorError) -> CacheReport {
    guard hasLimits else {
      throw MirrorError(
        .invalid, "caches", "the configuration limits no cache",
        remedy: "set caches/distfiles/age or other limits in [section caches], see mirrorctl.conf(5)")
    }
    var report = CacheReport(mirror: "\(run.root)", isDryRun: isDryRun)
    try cleanMarked(&report)
    if let limit = settings.limits[.git] { try cleanTrees(limit, &report) }
    if let limit = settings.limits[.work] { try cleanWork(limit, &report) }
    if let limit = settings.limits[.logs] { try cleanLogs(limit, &report) }
    if let days = settings.limits[.history]?.days { try cleanHistory(days, &report) }
    if let summary = report.summary {
      run.journal([.init(.removed, .root, reason: "limits of caches", detail: summary)])
    }
    try cancellation.check()
    return report
  }

  var now: Int64 { run.environment.now() }

  /// Distfiles, binary packages and objects of ccache.
  private func cleanMarked(_ report: inout CacheReport) throws(MirrorError) {
    let found = CacheSearch(settings: settings, cancellation: cancellation).find(Set(settings.limits.keys))
    report.problems += found.problems
    for kind in [CacheKind.distfiles, .packages, .ccache] {
      guard let limit = settings.limits[kind] else { continue }
      // The locks are held until the files are deleted.
      var (held, places, contents): ([Shared<CacheLock>], [CacheDirectory], [CacheContents]) = ([], [], [])
      for place in found.caches where place.kind == kind {
        try cancellation.check()
        do throws(MirrorError) {
          guard let lock = try CacheLock.alone(place.path) else {
            report.caches.append(.init(kind, "\(place.path)", isBusy: true))
            continue
          }
          contents.append(try place.contents(cancellation))
          places.append(place)
          held.append(Shared(lock))
        } catch {
          if error.code == .interrupted { throw error }
          report.problems.append(error)
        }
      }
      let removals = CachePlanner.removals(contents, limit, now: now)
      for (index, place) in places.enumerated() {
        var item = CacheReport.Item(kind, "\(place.path)")
        item.add(contents[index])
        try remove(removals[index], from: place, &item, &report)
        report.caches.append(item)
      }
      withExtendedLifetime(held) {}
    }
  }

  private func remove(
    _ entries: [CacheEntry], from place: CacheDirectory, _ item: inout CacheReport.Item,
    _ report: inout CacheReport
  ) throws(MirrorError) {
    for entry in entries { Log.detail("removes \(place.path)/\(entry.path)") }
    guard !report.isDryRun else { return item.remove(entries) }
    let (removed, problem) = try place.remove(entries, cancellation)
    item.remove(removed)
    if let problem { report.problems.append(problem) }
  }

  /// Object caches of git and copies of rsync trees, each as a whole.
  private func cleanTrees(_ limit: CacheSettings.Limit, _ report: inout CacheReport) throws(MirrorError) {
    do throws(MirrorError) {
      let lock = try CacheLock.alone(settings.git)
      if lock == nil, try CacheLock.mark(of: settings.git) != nil {
        report.caches.append(.init(.git, "\(settings.git)", isBusy: true))
        return
      }
      let all = try TreeCaches.all(git: settings.git)
      var contents: [CacheContents] = []
      for (directory, names) in all {
        var content = CacheContents()
        for name in names {
          let entry = try directory.size(of: name, cancellation)
          content.entries.append(entry)
          content.bytes &+= entry.bytes
        }
        contents.append(content)
      }
      let removals = CachePlanner.removals(contents, limit, now: now)
      for (index, place) in all.enumerated() where !place.names.isEmpty {
        var item = CacheReport.Item(.git, "\(place.directory.path)")
        item.add(contents[index])
        if report.isDryRun {
          item.remove(removals[index])
        } else {
          try TreeCaches.sweep(place.directory.path, cancellation)
          for entry in removals[index]
          where try TreeCaches.remove(entry.path.name, in: place.directory.path, cancellation) {
            item.remove([entry])
          }
        }
        report.caches.append(item)
      }
      _ = consume lock
    } catch {
      guard error.code != .interrupted else { throw error }
      if error.code != .system(.noSuchFileOrDirectory) { report.problems.append(error) }
    }
  }

  /// Logs of versions that are not being built.
  private func cleanLogs(_ limit: CacheSettings.Limit, _ report: inout CacheReport) throws(MirrorError) {
    let mirror = try run.scan()
    var (folders, contents): ([MirrorPath], [CacheContents]) = ([], [])
    let anchor = try AnchoredDirectory(root: mirror.root)
    for subarch in mirror.subarches {
      for version in subarch.versions where !subarch.isBeingBuilt(version) {
        let folder = version.path.appending(VersionFile.logs)
        guard let directory = try? anchor.directory(folder), let entries = try? directory.entries() else {
          continue
        }
        var content = CacheContents()
        for entry in entries where entry.kind == .regular && !entry.name.isHidden {
          guard let status = try directory.status(of: entry.name) else { continue }
          content.entries.append(
            CacheEntry(
              path: MirrorPath(bytes: entry.name.bytes), bytes: status.allocated,
              used: status.identity.mtime / 1_000_000_000))
          content.bytes &+= status.allocated
        }
        folders.append(folder)
        contents.append(content)
      }
    }
    let removals = CachePlanner.removals(contents, limit, now: now)
    var item = CacheReport.Item(.logs, "\(run.root)")
    for content in contents { item.add(content) }
    var paths: [MirrorPath] = []
    for (folder, entries) in zip(folders, removals) where !entries.isEmpty {
      if report.isDryRun {
        item.remove(entries)
        continue
      }
      let directory = try anchor.directory(folder)
      for entry in entries {
        try cancellation.check()
        try directory.unlink(entry.path.name)
        item.remove([entry])
        paths.append(folder.appending(entry.path.name))
      }
    }
    report.caches.append(item)
    guard !paths.isEmpty else { return }
    run.noteChanges(at: paths)
    // Otherwise `max-delete` would count their deletion at destinations.
    try? run.catalog().note(cleaned: paths, now: now)
  }

  /// Records of builds whose versions are not in the mirror any more.
  private func cleanHistory(_ days: Int, _ report: inout CacheReport) throws(MirrorError) {
    guard let catalog = report.isDryRun ? run.existingCatalog : try run.catalog() else { return }
    let there = Set(try run.scan().subarches.flatMap { $0.versions.map(\.path) })
    let oldest = now - Int64(days) * 86_400
    let all = try catalog.builds().values.flatMap { $0 }
    let old = all.filter { $0.at < oldest && !there.contains($0.subarch.appending($0.version)) }
    if !report.isDryRun { try catalog.forget(old) }
    var item = CacheReport.Item(.history, "catalog")
    (item.files, item.removed) = (all.count, old.count)
    report.caches.append(item)
  }
}

/// Result of cleaning caches.
public struct CacheReport: MirrorReport {
  /// What was found in one place.
  public struct Item: Encodable, Sendable {
    /// The kind of its contents.
    public let kind: CacheKind
    /// The directory, or `catalog`.
    public let path: String
    /// Whether it was left as it is, since a build uses it.
    public let busy: Bool
    /// Number of files, repositories or records.
    public internal(set) var files = 0
    /// Their size.
    public internal(set) var bytes: Int64 = 0
    /// How many of them were deleted; in a dry run: would be.
    public internal(set) var removed = 0
    /// The size of these.
    public internal(set) var removedBytes: Int64 = 0

    init(_ kind: CacheKind, _ path: String, isBusy: Bool = false) {
      self.kind = kind
      self.path = path
      busy = isBusy
    }

    mutating func add(_ contents: CacheContents) {
      files += contents.entries.count
      bytes &+= contents.bytes
    }

    mutating func remove(_ entries: [CacheEntry]) {
      removed += entries.count
      removedBytes &+= entries.reduce(0) { $0 &+ $1.bytes }
    }

    fileprivate var noun: (one: String, many: String) {
      switch kind {
      case .git: ("package tree", "package trees")
      case .work: ("work directory", "work directories")
      case .history: ("record", "records")
      case .distfiles, .packages, .ccache, .logs: ("file", "files")
      }
    }
  }

  /// Root of the mirror.
  public let mirror: String
  /// Whether nothing was deleted.
  public let isDryRun: Bool
  /// In the order of the kinds.
  public internal(set) var caches: [Item] = []
  /// What could not be done.
  public internal(set) var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case mirror, caches, problems }

  init(mirror: String, isDryRun: Bool) {
    self.mirror = mirror
    self.isDryRun = isDryRun
  }

  /// One line per place in which something is deleted, or that is in use.
  public var lines: [ReportLine] {
    caches.compactMap { item in
      if item.busy { return "\(item.kind.rawValue): \(item.path): in use by a build: nothing deleted" }
      guard item.removed > 0 else { return nil }
      let size = item.kind == .history ? "" : ", \(humanBytes(item.removedBytes)),"
      return ReportLine(
        "\(isDryRun ? "would delete" : "deleted") \(item.removed) of "
          + "\(counted(item.files, item.noun.one, item.noun.many))\(size) of \(item.kind.rawValue): \(item.path)",
        isEssential: isDryRun)
    }
  }

  /// How much was deleted; nil for nothing.
  public var summary: String? {
    guard !isDryRun else { return nil }
    let removed = caches.reduce(0) { $0 + $1.removed }
    guard removed > 0 else { return nil }
    let kinds = CacheKind.allCases.filter { kind in caches.contains { $0.kind == kind && $0.removed > 0 } }
    return "\(removed) items of \(kinds.map(\.rawValue).joined(separator: ", ")) deleted, "
      + humanBytes(caches.reduce(0) { $0 &+ $1.removedBytes })
  }

  /// What could not be done.
  public var messages: [MirrorError] { problems }
}
