import SystemPackage

/// Removes a directory with all that is in it, never through a link and never across a mount.
package struct TreeRemover {
  let cancellation: Cancellation

  package init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// Removes `name` of `parent`.
  ///
  /// - Throws: at the first thing that cannot be removed; what was removed until then is gone.
  package func remove(_ name: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError) {
    do throws(MirrorError) {
      let directory = try parent.directory(name, enteringMounts: false)
      for entry in try directory.entries() {
        try cancellation.check()
        if entry.kind == .directory {
          try remove(entry.name, in: directory)
        } else {
          try directory.unlink(entry.name)
        }
      }
    } catch {
      guard error.code == .system(.improperLink) else { throw error }
      throw MirrorError(
        .refused, parent.displayed(name), "another file system is mounted here", remedy: "unmount it first")
    }
    try parent.removeDirectory(name)
  }
}
