/// What downloaders are told, and how; in the order in which the files are written.
///
/// Each file appears after those that it names: what is looked at first comes last.
public enum IndexFormat: String, Sendable, CaseIterable {
  case metalink, latest, simplestreams, json, xml, html

  /// The one file of the format that others may read from elsewhere; nil for formats of several files.
  public var fileName: FileName? {
    switch self {
    case .metalink, .latest, .simplestreams: nil
    case .json: "index.json"
    case .xml: "index.xml"
    case .html: nil
    }
  }

  /// Whether its files have signatures beside them where the index is signed.
  public var isSigned: Bool {
    switch self {
    case .metalink, .latest, .simplestreams: false
    case .json, .xml: true
    case .html: false
    }
  }

  /// Its files, as they are to be, in the order in which they are written; none of ``metalink``, whose files a
  /// ``MetalinkRun`` writes while it reads tarballs.
  public func files(_ source: IndexSource) throws(MirrorError) -> [IndexFile] {
    switch self {
    case .metalink: []
    case .latest: LatestList(source, try AnchoredDirectory(root: source.mirror.root)).files
    case .simplestreams: try ImageStreams(source).files()
    case .json: [IndexFile(path: "index.json", bytes: try JSONIndexWriter.bytes(source.document))]
    case .xml: [IndexFile(path: "index.xml", bytes: try XMLIndexWriter.bytes(source.document))]
    case .html: try Pages.files(source)
    }
  }

  /// What had to be left out of its files, beyond the problems of the ``IndexSource/document``.
  public func problems(_ source: IndexSource) throws(MirrorError) -> [MirrorError] {
    switch self {
    case .latest: LatestList(source, try AnchoredDirectory(root: source.mirror.root)).problems
    case .simplestreams: ImageStreams(source).problems
    case .html: try PageSurvey.foreign(source).sorted { $0.key < $1.key }.map(\.value)
    case .metalink, .json, .xml: []
    }
  }

  /// Whether a mirror has it already, so that it is kept true whether asked for or not.
  public func isPresent(in mirror: Mirror) throws(MirrorError) -> Bool {
    let anchor = try AnchoredDirectory(root: mirror.root)
    switch self {
    case .metalink: return MetalinkRun.isPresent(in: mirror, anchor)
    case .latest: return mirror.subarches.contains { LatestList.isOurs(in: $0.path, anchor) }
    case .simplestreams: return ImageStreams.isOurs(anchor)
    case .json, .xml:
      return try fileName.map { name throws(MirrorError) in try anchor.status(of: name) != nil } ?? false
    case .html: return try PageSurvey.hasOwnPage(mirror)
    }
  }
}
