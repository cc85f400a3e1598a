package import LinuxSystem
package import FlexData
package import SystemPackage

extension BuildSettings {
  /// `path/tmp`, the parent of the directory for a run's scripts.
  var temporary: FilePath { get throws { try path("path/tmp") ?? usualTemporary } }

  /// Throws if this target would empty a directory that is not its own; changes nothing.
  ///
  /// - Throws: code `refused`.
  ///
  /// - Parameter homes: home directories that were looked up already; nil to do so.
  func checkPlaces(mirror: FilePath, homes: WorkPlaces.HomePlaces? = nil) throws {
    let places = WorkPlaces(mirror: mirror, homes: homes) { (try? path($0)) ?? nil }
    try places.check(temporary: try temporary)
    if let work = try path("path/work") { try places.check(work: work) }
    // A snapshot does not use them, and their paths may contain an architecture that it does not have.
    let isSnapshot = try text("target/class") == "snapshot"
    for key in isSnapshot ? [] : ["path/cache/package", "path/distfiles", "path/cache/ccache"] {
      if let cache = try path(key) { try SafePath.check(cache, as: .any, SafePath.remedy(key)) }
    }
    guard isSnapshot, try script("steps/run") == nil,
      try text("path/cache/git") != nil
    else { return }
    let caches = try SnapshotCaches(self)
    switch try text("snapshot/source/type") {
    case "rsync":
      try places.check(caches.rsync, "path/cache/git", for: .cache)
      try caches.checkCopy()
    case "git", "meta-repo":
      try places.check(caches.git, "path/cache/git", for: .cache)
      try SnapshotCaches.checkRepository(caches.git)
    default: break
    }
  }
}

extension WorkPlaces {
  /// The protected places of a configuration.
  package init(_ elements: Elements, mirror: FilePath?) {
    self.init(mirror: mirror) { key in ((try? elements.text(key)) ?? nil).map { FilePath($0) } }
  }

  /// Errors for directories in the configuration that a build would empty although they are not its own.
  package func faults(of elements: Elements) -> [MirrorError] {
    ["path/tmp", "path/work"].compactMap { key in
      guard let text = try? elements.text(key), text.hasPrefix("/") else { return nil }
      let path = FilePath(text).normalized
      do throws(MirrorError) {
        if key == "path/work" { try check(work: path) } else { try check(temporary: path) }
        return nil
      } catch { return error }
    }
  }

  /// Throws if it is not safe to write scripts below `path/tmp`.
  package func check(temporary: FilePath) throws(MirrorError) {
    try check(temporary.appending("run").appending("\(OwnProgram.pid)"), "path/tmp")
  }

  /// Throws if a build must not work in a directory, because of its path or its contents.
  package func check(work: FilePath) throws(MirrorError) {
    try check(work, "path/work")
    try WorkDirectory.check(work)
  }
}
