import Glibc
import SystemPackage

extension AnchoredDirectory {
  /// Opens a directory below this one, creating the missing parts of its path.
  package func makePath(_ path: MirrorPath) throws(MirrorError) -> AnchoredDirectory {
    var directory = try duplicate()
    for name in path.components {
      if try directory.status(of: name) == nil {
        do throws(MirrorError) { try directory.makeDirectory(name) } catch {
          // Another build may have just created it.
          guard error.code == .system(.fileExists) else { throw error }
        }
      }
      directory = try directory.directory(name)
    }
    return directory
  }

  /// Creates one directory below this one; an existing one is left unchanged.
  package func makeDirectory(at path: MirrorPath, mode: UInt32) throws(MirrorError) {
    guard path.withCString({ mkdirat(descriptor.raw, $0, mode) }) != 0 else { return }
    let error = lastErrno()
    guard error == .fileExists else { throw .system(error, "create the directory", displayed(path)) }
  }

  /// Gives a file from anywhere on this file system a name here; false if that is not possible.
  package func adopt(_ source: String, as name: FileName) -> Bool {
    name.withCString { linkat(AT_FDCWD, source, descriptor.raw, $0, AT_SYMLINK_FOLLOW) } == 0
  }

  /// Gives a file in another directory of this file system a second name here, which must not exist; moves it
  /// here if it cannot have two names.
  package func adopt(
    _ name: FileName, from other: borrowing AnchoredDirectory, as new: FileName
  ) throws(MirrorError) {
    let result = name.withCString { name in
      new.withCString { new in linkat(other.descriptor.raw, name, descriptor.raw, new, 0) }
    }
    guard result != 0 else { return }
    switch lastErrno() {
    // The file belongs to another user, or the file system has no hard links.
    case .notPermitted, .notSupported: try take(name, from: other, as: new)
    case let error: throw .system(error, "move \(name) to it", displayed(new))
    }
  }

  /// Gives a file in another directory a second name here, which must not exist.
  ///
  /// - Returns: false if it cannot have one: it is on another file system, has too many, or may not have one.
  package func link(
    _ name: FileName, from other: borrowing AnchoredDirectory, as new: FileName
  ) throws(MirrorError) -> Bool {
    let result = name.withCString { name in
      new.withCString { new in linkat(other.descriptor.raw, name, descriptor.raw, new, 0) }
    }
    guard result != 0 else { return true }
    switch lastErrno() {
    case .improperLink, .tooManyLinks, .notPermitted, .notSupported: return false
    case let error: throw .system(error, "create", displayed(new))
    }
  }

  /// The ownership of files in this directory: the directory's owner, readable by all.
  package func fileOwnership() throws(MirrorError) -> Ownership {
    let status = try status()
    return Ownership(uid: status.uid, gid: status.gid, mode: 0o644)
  }
}
