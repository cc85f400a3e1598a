import MirrorModel
import LinuxSystem

/// The files named in the index files of a mirror. Pages are ignored, since people can reload them.
struct IndexedNames: Sendable {
  /// The named files, and the directories that contain them.
  private let paths: Set<MirrorPath>

  /// Reads the index files; an unreadable one is an error, since it might name anything.
  init(in mirror: Mirror) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    let files: [MirrorPath] =
      ["index.xml", "index.json", ImageStreams.imagesPath]
      + mirror.subarches.flatMap { subarch in
        LatestList.names(in: subarch.path, subarch.layout, anchor).map { subarch.path.appending($0) }
      }
    var paths: Set<MirrorPath> = []
    for file in files {
      guard let bytes = try Self.contents(of: file, anchor) else { continue }
      guard let content = IndexReferences(bytes, at: file) else {
        throw MirrorError(
          .invalid, mirror.displayed(file), "is not well-formed XML",
          remedy: "remove it and \(run: .index)")
      }
      paths.formUnion(content.references.map(\.path))
    }
    self.paths = paths.union(Set(directoriesOf: paths))
  }

  /// Whether an index names a version or a snapshot.
  func name(_ path: MirrorPath) -> Bool { paths.contains(path) }

  private static func contents(
    of path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8]? {
    guard try anchor.status(at: path)?.kind == .regular else { return nil }
    return try anchor.contents(of: path, limit: 256 << 20)
  }
}
