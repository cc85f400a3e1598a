public import MirrorModel
public import LinuxSystem

/// Accepts that builds, subarches or snapshots are gone for good.
public struct Forgetting: MirrorReport, Sendable {
  /// Where the mirror is.
  public let mirror: String
  /// Subarches and directories of snapshots that are no longer known.
  public let places: [MirrorPath]
  /// Tarballs of which the digests are no longer known.
  public private(set) var tarballs = 0
  private let paths: [MirrorPath]
  private let known: Set<MirrorPath>
  private var isApplied = false

  private enum CodingKeys: CodingKey { case mirror, places, tarballs }

  /// Plans it.
  ///
  /// - Parameters:
  ///   - mirror: all that is there.
  ///   - paths: builds, architectures or places; the root stands for all of them.
  /// - Throws: where one of them is there, or nothing is known of it.
  public init(_ mirror: Mirror, _ paths: [MirrorPath], _ catalog: Catalog) throws(MirrorError) {
    known = try catalog.places() ?? PublishedPlaces.read(in: mirror)
    let missing = PlaceCheck(mirror, known: known)
    let gone = known.filter { place in (missing.builds + missing.places).contains { place.isWithin($0) } }
    for path in paths {
      if let there = known.subtracting(gone).first(where: { $0.isWithin(path) }) {
        throw MirrorError(
          .invalid, mirror.displayed(there), "is there, so there is nothing to forget",
          remedy: "name what \(run: .status) reports as missing")
      }
      guard gone.contains(where: { $0.isWithin(path) }) else {
        throw MirrorError(
          .invalid, mirror.displayed(path), "is not known",
          remedy: "name what \(run: .status) reports as missing")
      }
    }
    self.mirror = "\(mirror.root)"
    self.paths = paths
    places = gone.filter { place in paths.contains { place.isWithin($0) } }.sorted()
  }

  /// A line for each place.
  public var lines: [ReportLine] {
    places.map { "\(isApplied ? "forgot" : "would forget") \(displayed($0))" }
  }

  /// Forgets them. The mirror's lock must be held.
  public mutating func apply(to catalog: Catalog) throws(MirrorError) {
    isApplied = true
    // What only the published index tells must not come back from it.
    try catalog.note(places: known)
    for path in paths { tarballs += try catalog.forget(below: path) }
  }
}
