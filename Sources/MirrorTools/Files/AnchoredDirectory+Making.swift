import SystemPackage

extension AnchoredDirectory {
  /// Opens a directory below this one, making what is missing of it.
  package func makePath(_ path: MirrorPath) throws(MirrorError) -> AnchoredDirectory {
    var directory = try duplicate()
    for name in path.components {
      if try directory.status(of: name) == nil {
        do throws(MirrorError) { try directory.makeDirectory(name) } catch {
          // Another build may have made it just now.
          guard error.code == .system(.fileExists) else { throw error }
        }
      }
      directory = try directory.directory(name)
    }
    return directory
  }

  /// Whose files in this directory are: the directory's owner's, readable by all.
  package func fileOwnership() throws(MirrorError) -> Ownership {
    let status = try status()
    return Ownership(uid: status.uid, gid: status.gid, mode: 0o644)
  }
}
