/// The files that an `index.xml` names.
struct IndexReferences {
  struct Reference: Hashable {
    /// Relative to the mirror's root.
    let path: MirrorPath
    /// Bytes, where they are told.
    var size: Int64?
    /// Lowercase hexadecimal, where it is told.
    var sha256: String?
  }

  private(set) var references: [Reference] = []

  /// nil if it is not well-formed.
  init?(_ xml: [UInt8]) {
    var references: [Reference] = []
    let isWhole = XMLTextReader.read(xml) { piece in
      guard case .begin("build", _, let attributes) = piece else { return }
      if let path = attributes["download"] {
        references.append(
          Reference(
            path: Self.path(path), size: attributes["bytes"].flatMap { Int64($0) },
            sha256: attributes["sha256"]))
      }
      if let path = attributes["signature"] { references.append(Reference(path: Self.path(path))) }
    }
    guard isWhole else { return nil }
    self.references = references
  }

  /// Paths begin with `/`.
  private static func path(_ text: String) -> MirrorPath { MirrorPath(String(text.drop { $0 == "/" })) }
}
