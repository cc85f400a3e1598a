/// Removes what a killed run left under a temporary name: a file, a link, or a directory that was going away.
enum Leftovers {
  static func remove(_ path: MirrorPath, in anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(path.parent)
    guard TemporaryName.matches(path.name), let status = try directory.status(of: path.name) else { return }
    if status.kind == .directory {
      try TreeRemover(cancellation: Cancellation()).remove(path.name, in: directory)
    } else {
      try directory.unlink(path.name)
    }
    try directory.sync()
  }
}
