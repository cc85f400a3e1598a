import Glibc
package import SystemPackage

extension FilePath {
  /// Creates the directory and missing parents; an existing one is left unchanged.
  ///
  /// - Throws: ``MirrorError`` with code `system` that names the directory that cannot be created.
  package func makeDirectories(mode: UInt32) throws(MirrorError) {
    if mkdir(string, mode) == 0 || errno == EEXIST { return }
    let error = lastErrno()
    let parent = removingLastComponent()
    if error == .noSuchFileOrDirectory, !parent.isEmpty, lastComponent != nil {
      try parent.makeDirectories(mode: mode)
      if mkdir(string, mode) == 0 || errno == EEXIST { return }
    }
    throw .system(error, "create the directory", string)
  }
}
