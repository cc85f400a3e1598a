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
}
