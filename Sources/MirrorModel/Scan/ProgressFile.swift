package import LinuxSystem
import SystemPackage

/// A lock in Metro's format: a file that contains the id of the process that builds, see ``LockOwner``.
///
/// The kernel does not release it: after a kill its number does not belong to a running process, and it is
/// stale. That of another machine is stale when its job is gone.
package struct ProgressFile: Sendable {
  private let name: FileName
  private let probe: ProcessProbe
  private let clock: @Sendable () -> Int64

  /// - Parameters:
  ///   - name: `.multi_progress`, `.stage1_progress`.
  ///   - clock: seconds since the epoch.
  package init(_ name: FileName, probe: ProcessProbe, clock: @escaping @Sendable () -> Int64) {
    self.name = name
    self.probe = probe
    self.clock = clock
  }

  /// Creates the complete file atomically.
  ///
  /// - Throws: ``MirrorError`` with code `busy` while a running process holds it.
  package func take(in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let temporary = TemporaryName.make()
    // A finished file that gets its name is never seen empty, unlike one that is opened and then written.
    let file = try directory.createFile(temporary)
    defer { try? directory.unlink(temporary) }
    try attempt("write", directory.displayed(temporary)) { () throws(Errno) in
      try file.write(LockOwner.own.text)
      try file.setMode(0o644)
    }
    do throws(MirrorError) { try directory.hardLink(temporary, to: name) } catch {
      guard error.code == .system(.fileExists) else { throw error }
      try removeStale(directory)
      try directory.hardLink(temporary, to: name)
    }
  }

  /// Removes the file if it is ours.
  package func drop(in directory: borrowing AnchoredDirectory) {
    // A lock that is no longer ours is kept; one that cannot be removed names a process that will be gone.
    guard found(in: directory)?.owner == .own else { return }
    try? directory.unlink(name)
  }

  private func removeStale(_ directory: borrowing AnchoredDirectory) throws(MirrorError) {
    if let lock = found(in: directory), lock.isAlive {
      let isElsewhere = lock.owner?.isElsewhere ?? false
      throw MirrorError(
        .busy, directory.displayed(name), "build in progress (\(lock.holder))",
        remedy: isElsewhere
          ? "run again when it has finished; if that machine is gone, remove the file"
          : "run again when it has finished")
    }
    // A build does not make directories of this name; it must not count as a failure.
    if let there = try directory.status(of: name), there.kind == .directory {
      throw MirrorError(.refused, directory.displayed(name), "is a directory", remedy: "remove it")
    }
    try directory.unlink(name)
  }

  private func found(in directory: borrowing AnchoredDirectory) -> ProgressLock? {
    ControlDirectory(probe: probe, now: clock()).lock(name, directory) { _, _ in }
  }
}
