package import LinuxSystem
package import SystemPackage

extension TreeCapture {
  /// Captures into a file that appears under its name whole and durable, or not at all; replaces what is there.
  ///
  /// - Parameter contents: where the list of paths goes, in the same way and before the tarball; nil for no list.
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
    guard let name = path.lastComponent, name.kind == .regular else {
      throw MirrorError(.invalid, "\(path)", "is no name of a file", remedy: "name a file to write")
    }
    let parent = path.removingLastComponent()
    let directory = try AnchoredDirectory(root: parent.isEmpty ? "." : parent)
    return try DurableFile(FileName(name.string), in: directory)
  }
}
