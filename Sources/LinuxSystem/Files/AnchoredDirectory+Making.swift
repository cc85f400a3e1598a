import Glibc
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

  /// Makes one directory below this one; one that is there stays as it is.
  package func makeDirectory(at path: MirrorPath, mode: UInt32) throws(MirrorError) {
    guard path.withCString({ mkdirat(descriptor.raw, $0, mode) }) != 0 else { return }
    let error = lastErrno()
    guard error == .fileExists else { throw .system(error, "make the directory", displayed(path)) }
  }

  /// Gives a file of anywhere on this file system a name here; false where that is not to be had.
  package func adopt(_ source: String, as name: FileName) -> Bool {
    name.withCString { linkat(AT_FDCWD, source, descriptor.raw, $0, AT_SYMLINK_FOLLOW) } == 0
  }

  /// Whose files in this directory are: the directory's owner's, readable by all.
  package func fileOwnership() throws(MirrorError) -> Ownership {
    let status = try status()
    return Ownership(uid: status.uid, gid: status.gid, mode: 0o644)
  }
}
