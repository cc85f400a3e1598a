import LinuxSystem
import MirrorModel

/// The subarches and snapshots listed in the index at the root of a mirror, used if there is no catalog.
enum PublishedPlaces {
  static func read(in mirror: Mirror) -> Set<MirrorPath> {
    guard let anchor = try? AnchoredDirectory(root: mirror.root) else { return [] }
    var places: Set<MirrorPath> = []
    for path in ["index.xml", "index.json"] as [MirrorPath] {
      guard let bytes = try? anchor.contents(of: path, limit: 256 << 20),
        let content = IndexReferences(bytes, at: path)
      else { continue }
      places.formUnion(content.references.compactMap(\.path.section))
    }
    return places
  }
}
