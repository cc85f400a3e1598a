public import SystemPackage

/// Removes what a killed run left under a temporary name: a file, a link, or a directory that was going away.
public enum Leftovers {
  /// Removes those of one folder of the mirror at `root`, whose lock must be held; returns what went wrong.
  public static func sweep(_ folder: Folder, in root: FilePath) -> [MirrorError] {
    guard !folder.leftovers.isEmpty else { return [] }
    var problems: [MirrorError] = []
    do throws(MirrorError) {
      let anchor = try AnchoredDirectory(root: root)
      for name in folder.leftovers {
        do throws(MirrorError) { try remove(folder.path.appending(name), in: anchor) } catch {
          problems.append(error)
        }
      }
    } catch { problems.append(error) }
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
