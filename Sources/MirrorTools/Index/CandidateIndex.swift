import LinuxSystem
import MirrorModel

/// The indexes of candidates, for testers: `candidates.json` and `candidates.xml`, which are never published.
enum CandidateIndex {
  private static let names: [FileName] = ["candidates.json", "candidates.xml"]

  /// Whether a path is that of one of the files, or of a signature of one.
  static func isOne(_ path: MirrorPath) -> Bool {
    path.parent.bytes.isEmpty && names.contains(SignatureFormat.parse(path.name)?.file ?? path.name)
  }

  /// The files; none if the mirror has neither candidates nor such files.
  static func files(_ source: IndexSource) throws(MirrorError) -> [IndexFile] {
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    var isThere = !source.candidates.subarches.isEmpty
    for name in names where !isThere { isThere = try anchor.status(of: name) != nil }
    guard isThere else { return [] }
    return [
      IndexFile(path: "candidates.json", bytes: try JSONIndexWriter.bytes(source.candidates)),
      IndexFile(path: "candidates.xml", bytes: try XMLIndexWriter.bytes(source.candidates)),
    ]
  }
}
