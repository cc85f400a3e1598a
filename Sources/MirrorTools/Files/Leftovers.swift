/// Removes what a killed run left under a temporary name: a file, a link, or a directory that was going away.
public enum Leftovers {
  /// Removes those of a whole mirror, whose lock must be held; returns what could not be removed.
  public static func sweep(_ mirror: Mirror, _ cancellation: Cancellation) throws(MirrorError)
    -> [MirrorError]
  {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var problems: [MirrorError] = []
    for path in mirror.leftovers where !cancellation.isCancelled {
      do throws(MirrorError) { try remove(path, in: anchor) } catch { problems.append(error) }
    }
    return problems
  }

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
