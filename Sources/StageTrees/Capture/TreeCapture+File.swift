package import LinuxSystem
package import SystemPackage

extension TreeCapture {
  /// Captures into a file that appears under its name complete and durable, or not at all; replaces an
  /// existing file.
  ///
  /// - Parameter contents: the file for the list of paths, written in the same way before the tarball; nil
  ///   for none.
  package func capture(
    _ root: FilePath, to tarball: FilePath, contents: FilePath? = nil
  ) throws(MirrorError) -> CaptureReport {
    let file = try Self.begun(tarball)
    let ownership = Ownership.ofThisProcess(mode: 0o644)
    guard let contents else {
      let report = try capture(root, into: try file.duplicate())
      try file.commit(ownership)
      return report
    }
    let list = try Self.begun(contents)
    let report = try capture(root, into: try file.duplicate(), contents: try list.duplicate())
    try list.commit(ownership)
    try file.commit(ownership)
    return report
  }

  private static func begun(_ path: FilePath) throws(MirrorError) -> DurableFile {
    try path.checkReplaceable()
    return try DurableFile(try path.fileName(), in: try path.openParent())
  }
}
