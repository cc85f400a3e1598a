package import SystemPackage

extension FilePath {
  /// The name of a file to write.
  ///
  /// - Throws: if the path does not end with a name.
  package func fileName() throws(MirrorError) -> FileName {
    guard let name = lastComponent, name.kind == .regular else {
      throw MirrorError(.invalid, string, "is not a file name", remedy: "give the name of a file to write")
    }
    return FileName(name.string)
  }

  /// The directory that contains the file, opened.
  package func openParent() throws(MirrorError) -> AnchoredDirectory {
    let parent = removingLastComponent()
    return try AnchoredDirectory(root: parent.isEmpty ? "." : parent)
  }

  /// Throws if a file that gets this name would replace something else than a file, such as a device.
  ///
  /// - Throws: code `refused`.
  package func checkReplaceable() throws(MirrorError) {
    guard let kind = try? status().kind, kind != .regular else { return }
    throw MirrorError(
      .refused, string, "exists, and is not a file",
      remedy: "give the name of a file; copy it to a device afterwards")
  }
}
