import Glibc
package import SystemPackage

extension FilePath {
  /// Makes the directory, and those above it that are missing; one that is there stays as it is.
  ///
  /// - Throws: ``MirrorError`` with code `system` that names the one that cannot be made.
  package func makeDirectories(mode: UInt32) throws(MirrorError) {
    if mkdir(string, mode) == 0 || errno == EEXIST { return }
    let error = lastErrno()
    let parent = removingLastComponent()
    if error == .noSuchFileOrDirectory, !parent.isEmpty, lastComponent != nil {
      try parent.makeDirectories(mode: mode)
      if mkdir(string, mode) == 0 || errno == EEXIST { return }
    }
    throw .system(error, "make the directory", string)
  }
}
