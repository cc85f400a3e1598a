import LinuxSystem

/// A directory's names, sorted.
struct Listing: Sendable {
  let path: MirrorPath
  let status: FileStatus
  let entries: [AnchoredDirectory.Entry]

  init(_ directory: borrowing AnchoredDirectory) throws(MirrorError) {
    path = directory.path
    status = try directory.status()
    entries = try directory.entries().sorted { $0.name < $1.name }
  }

  /// Whether a file of a version exists.
  func holds(_ file: VersionFile) -> Bool {
    let name = file.path.bytes
    return entries.contains { $0.kind == .regular && $0.name.bytes == name }
  }

  /// Names that file systems have in their root directory, readable only by root.
  private static let systemNames: Set<FileName> = ["lost+found", "System Volume Information", "$RECYCLE.BIN"]

  /// Directories that may belong to the mirror, except those of binary packages.
  var directories: [FileName] {
    entries.compactMap { entry in
      entry.kind == .directory && !entry.name.isHidden && !Self.systemNames.contains(entry.name)
        && entry.name != MirrorGrammar.packages
        ? entry.name : nil
    }
  }
}
