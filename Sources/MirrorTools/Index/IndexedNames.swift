/// What the index files of a mirror name at this moment, whatever it holds.
public struct IndexedNames: Sendable {
  private let paths: [MirrorPath]
  /// Pages that link to versions, by the directory that they are of.
  private let pages: [MirrorPath: [UInt8]]

  /// Reads them; what cannot be read is an error, since anything might be named there.
  public init(in mirror: Mirror) throws(MirrorError) {
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
          remedy: "remove it and run `mirrorctl index`")
      }
      paths.formUnion(content.references.map(\.path))
    }
    self.paths = Array(paths)
    var pages: [MirrorPath: [UInt8]] = [:]
    for folder in [.root] + subarches {
      pages[folder] = try Self.contents(of: folder.appending(PageSurvey.fileName), anchor)
    }
    self.pages = pages
  }

  /// Whether a version or a snapshot is named.
  public func name(_ path: MirrorPath) -> Bool {
    if paths.contains(where: { $0.isWithin(path) }) { return true }
    // The text of a page is searched for the last part of its address, which is plain in every URL of ours.
    let word = Array(MirrorPath(bytes: path.name.bytes).urlPath.utf8)
    return [MirrorPath.root, path.parent].contains { folder in
      pages[folder].map { $0.firstRange(of: word) != nil } ?? false
    }
  }

  private static func contents(
    of path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8]? {
    guard try anchor.status(at: path)?.kind == .regular else { return nil }
    return try anchor.contents(of: path, limit: 256 << 20)
  }
}
