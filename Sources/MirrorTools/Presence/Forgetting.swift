public import MirrorModel
public import LinuxSystem

/// Accepts that builds, subarches or snapshots were removed for good.
public struct Forgetting: MirrorReport, Sendable {
  /// Root of the mirror.
  public let mirror: String
  /// Subarches and snapshot directories to remove from the catalog.
  public let places: [MirrorPath]
  /// Number of tarballs whose digests were removed from the catalog.
  public private(set) var tarballs = 0
  private let paths: [MirrorPath]
  private let known: Set<MirrorPath>
  private var isApplied = false

  private enum CodingKeys: CodingKey { case mirror, places, tarballs }

  /// Plans the removal of records.
  ///
  /// - Parameters:
  ///   - mirror: the complete mirror.
  ///   - paths: builds, architectures or places; the root stands for all missing places.
  /// - Throws: if one of them exists, or is not in the catalog.
  public init(_ mirror: Mirror, _ paths: [MirrorPath], _ catalog: Catalog) throws(MirrorError) {
    known = try catalog.places() ?? PublishedPlaces.read(in: mirror)
    let missing = PlaceCheck(mirror, known: known)
    let gone = known.filter { place in (missing.builds + missing.places).contains { place.isWithin($0) } }
    for path in paths {
      if let there = known.subtracting(gone).first(where: { $0.isWithin(path) }) {
        throw MirrorError(
          .invalid, mirror.displayed(there), "exists, so there is nothing to forget",
          remedy: "use a path that \(run: .status) reports as missing")
      }
      guard gone.contains(where: { $0.isWithin(path) }) else {
        throw MirrorError(
          .invalid, mirror.displayed(path), "is not in the catalog",
          remedy: "use a path that \(run: .status) reports as missing")
      }
    }
    self.mirror = "\(mirror.root)"
    self.paths = paths
    places = gone.filter { place in paths.contains { place.isWithin($0) } }.sorted()
  }

  /// One line per place.
  public var lines: [ReportLine] {
    places.map { "\(isApplied ? "forgot" : "would forget") \(displayed($0))" }
  }

  /// Removes the records. The mirror's lock must be held.
  public mutating func apply(to catalog: Catalog) throws(MirrorError) {
    isApplied = true
    // Places known only from the published index must not be recorded again from it.
    try catalog.note(places: known)
    for path in paths { tarballs += try catalog.forget(below: path) }
  }
}
