import MirrorModel
import LinuxSystem

/// What the index files of a mirror name at this moment, whatever it holds. Pages are for people, who can look again.
struct IndexedNames: Sendable {
  private let paths: [MirrorPath]

  /// Reads them; what cannot be read is an error, since anything might be named there.
  init(in mirror: Mirror) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    let subarches = mirror.subarches.map(\.path)
    let files: [MirrorPath] =
      ["index.xml", "index.json", ImageStreams.imagesPath]
      + subarches.map { $0.appending(LatestList.fileName) }
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
    self.paths = Array(paths)
  }

  /// Whether a version or a snapshot is named.
  func name(_ path: MirrorPath) -> Bool {
    paths.contains { $0.isWithin(path) }
  }

  private static func contents(
    of path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8]? {
    guard try anchor.status(at: path)?.kind == .regular else { return nil }
    return try anchor.contents(of: path, limit: 256 << 20)
  }
}
