/// What downloaders are told, and how; in the order in which the files are written.
///
/// Each file appears after those that it names: what is looked at first comes last.
public enum IndexFormat: String, Sendable, CaseIterable {
  case json, xml, html

  /// The one file of the format that others may read from elsewhere; nil for formats of several files.
  public var fileName: FileName? {
    switch self {
    case .json: "index.json"
    case .xml: "index.xml"
    case .html: nil
    }
  }

  /// Whether its files are signed where the index is.
  var isSigned: Bool {
    switch self {
    case .json, .xml: true
    case .html: false
    }
  }

  /// Its files, as they are to be, in the order in which they are written.
  public func files(_ source: IndexSource) throws(MirrorError) -> [IndexFile] {
    switch self {
    case .json: [IndexFile(path: "index.json", bytes: try JSONIndexWriter.bytes(source.document))]
    case .xml: [IndexFile(path: "index.xml", bytes: try XMLIndexWriter.bytes(source.document))]
    case .html: try Pages.files(source)
    }
  }

  /// Whether a mirror has it already, so that it is kept true whether asked for or not.
  public func isPresent(in mirror: Mirror) throws(MirrorError) -> Bool {
    let anchor = try AnchoredDirectory(root: mirror.root)
    switch self {
    case .json, .xml:
      return try fileName.map { name throws(MirrorError) in try anchor.status(of: name) != nil } ?? false
    case .html: return try PageSurvey.hasOwnPage(mirror)
    }
  }

  /// Files of others where its own would be, which are left alone.
  public func obstacles(_ source: IndexSource) throws(MirrorError) -> [MirrorError] {
    switch self {
    case .json, .xml: []
    case .html: try PageSurvey.foreign(source).sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
