public import MirrorModel
public import LinuxSystem

/// The formats of indexes, in the order in which their files are written.
///
/// Each file appears after the files that it refers to: entry points come last.
public enum IndexFormat: String, Sendable, CaseIterable {
  case packages, metalink, latest, simplestreams, json, xml, html

  /// Name of the file if the format has only one, at the root of the mirror; otherwise nil.
  public var fileName: FileName? {
    switch self {
    case .packages, .metalink, .latest, .simplestreams: nil
    case .json: "index.json"
    case .xml: "index.xml"
    case .html: nil
    }
  }

  /// Whether its files are signed if signing of the index is enabled.
  public var isSigned: Bool {
    switch self {
    case .packages, .metalink, .latest, .simplestreams: false
    case .json, .xml: true
    case .html: false
    }
  }

  /// Its files, in the order of writing; none for ``packages`` and ``metalink``, whose files are written by a
  /// ``BinhostRun`` and a ``MetalinkRun``, which read packages and tarballs.
  ///
  /// - Parameter isWanted: whether the format was requested: then existing files of others are replaced.
  func content(_ source: IndexSource, isWanted: Bool = true) throws(MirrorError) -> IndexContent {
    var content = try whole(source)
    guard !isWanted, [.latest, .simplestreams].contains(self) else { return content }
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    content.files.removeAll { IndexMark.isForeign($0.path, anchor) }
    let own = Set(content.files.map(\.path.parent))
    content.links.removeAll { !own.contains($0.path.parent) }
    return content
  }

  private func whole(_ source: IndexSource) throws(MirrorError) -> IndexContent {
    switch self {
    case .packages, .metalink: IndexContent(files: [])
    case .latest: try LatestList(source).content
    case .simplestreams: try ImageStreams(source).content()
    case .json:
      IndexContent(files: [IndexFile(path: "index.json", bytes: try JSONIndexWriter.bytes(source.document))])
    case .xml:
      IndexContent(files: [IndexFile(path: "index.xml", bytes: try XMLIndexWriter.bytes(source.document))])
    case .html: try Pages.content(source)
    }
  }

  /// The formats that a mirror has already, which are kept up to date whether requested or not.
  public static func present(in mirror: Mirror) throws(MirrorError) -> Set<IndexFormat> {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var present: Set<IndexFormat> = []
    for format in allCases where try format.isPresent(in: mirror, anchor) { present.insert(format) }
    return present
  }

  private func isPresent(
    in mirror: Mirror, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    switch self {
    case .packages: return try !BinhostScanner(mirror).trees().trees.isEmpty
    case .metalink: return MetalinkRun.isPresent(in: mirror, anchor)
    case .latest: return mirror.subarches.contains { LatestList.isOurs(in: $0.path, $0.layout, anchor) }
    case .simplestreams: return ImageStreams.isOurs(anchor)
    case .json, .xml:
      return try fileName.map { name throws(MirrorError) in try anchor.status(of: name) != nil } ?? false
    case .html: return try PageSurvey.isOurs(anchor)
    }
  }
}
