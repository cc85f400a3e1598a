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
        do throws(MirrorError) {
          try anchor.directory(path.parent).removeLeftover(path.name, probe)
        } catch {
          faults.append(MirrorFault(path, error))
        }
      }
    } catch { faults.append(MirrorFault(.root, error)) }
  }
}

extension AnchoredDirectory {
  /// Removes what killed runs left in this directory under temporary names. The mirror's lock must be held.
  package func removeLeftovers(_ probe: ProcessProbe) throws(MirrorError) {
    for entry in try entries() { try removeLeftover(entry.name, probe) }
  }

  /// Removes a file, link or directory with a temporary name whose writer is not running.
  fileprivate func removeLeftover(_ name: FileName, _ probe: ProcessProbe) throws(MirrorError) {
    guard TemporaryName.matches(name), let status = try status(of: name) else { return }
    guard !TemporaryName.isInUse(name, written: status.identity.mtime / 1_000_000_000, probe) else { return }
    if status.kind == .directory {
      try TreeRemover(cancellation: Cancellation()).remove(name, in: self)
    } else {
      try unlink(name)
    }
    try sync()
  }
}
