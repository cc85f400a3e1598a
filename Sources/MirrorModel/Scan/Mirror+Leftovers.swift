public import LinuxSystem

extension Mirror {
  /// Removes leftovers of killed runs with temporary names: files, links, and directories that were being
  /// removed.
  ///
  /// A build writes without the mirror's lock, so files of running processes are kept. What cannot be removed
  /// is added to the mirror's problems. The mirror's lock must be held.
  public mutating func sweepLeftovers(probe: ProcessProbe = .system) {
    let controlled = subarches.flatMap { subarch in
      subarch.control.leftovers.map { subarch.path.appending(ControlDirectory.name).joined($0) }
    }
    let leftovers =
      folders.flatMap { folder in folder.leftovers.map { folder.path.appending($0) } } + controlled
    guard !leftovers.isEmpty else { return }
    do throws(MirrorError) {
      let anchor = try AnchoredDirectory(root: root)
      for path in leftovers {
        do throws(MirrorError) { try Self.remove(path, in: anchor, probe) } catch {
          faults.append(MirrorFault(path, error))
        }
      }
    } catch { faults.append(MirrorFault(.root, error)) }
  }

  private static func remove(
    _ path: MirrorPath, in anchor: borrowing AnchoredDirectory, _ probe: ProcessProbe
  ) throws(MirrorError) {
    let directory = try anchor.directory(path.parent)
    guard TemporaryName.matches(path.name), let status = try directory.status(of: path.name) else { return }
    if let writer = TemporaryName.writer(of: path.name), writer != OwnProgram.pid,
      probe(writer, lockWritten: status.identity.mtime / 1_000_000_000)
    {
      return
    }
    if status.kind == .directory {
      try TreeRemover(cancellation: Cancellation()).remove(path.name, in: directory)
    } else {
      try directory.unlink(path.name)
    }
    try directory.sync()
  }
}
