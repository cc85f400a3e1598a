import Synchronization

/// Removes plain tarballs, each once nothing names it any more.
///
/// One at a time: an index made for one must not name another that is just going.
final class PlainTarballRemover: Sendable {
  private let unlist: @Sendable (MirrorPath) throws(MirrorError) -> Void
  private let turn = Mutex(())

  init(unlist: @escaping @Sendable (MirrorPath) throws(MirrorError) -> Void) { self.unlist = unlist }

  func remove(_ path: MirrorPath, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    try turn.withLock { (_) throws(MirrorError) in
      try unlist(path)
      try directory.unlink(path.name)
      try directory.sync()
    }
  }
}
