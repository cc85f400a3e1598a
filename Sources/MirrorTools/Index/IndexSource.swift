import LinuxSystem
import MirrorModel

/// Everything that index files are made from, at one point in time.
struct IndexSource: Sendable {
  /// The stored part of the mirror.
  let mirror: Mirror
  /// The newest version of each subarch.
  let document: IndexDocument
  /// The newest candidate of each subarch.
  let candidates: IndexDocument
  let settings: IndexSettings
  let rotation: RotationSettings
  /// The signing key.
  let signer: Fingerprint?
  let catalog: Catalog
  /// Versions that are about to be removed.
  let excluded: Set<MirrorPath>
  /// Builds to omit.
  private let ignored: Set<FileName>
  private let lookup: DigestLookup
  /// The targets that a farm builds, by subarch.
  let farm: [String: [FarmTarget]]
  /// The current local date.
  let today: CalendarDate
  /// Seconds since the epoch.
  let now: Int64

  /// Collects the data.
  ///
  /// - Parameters:
  ///   - signer: the signing key; nil for none.
  ///   - excluding: versions that are about to be removed.
  ///   - now: seconds since the epoch.
  init(
    _ mirror: Mirror, _ settings: IndexSettings, _ rotation: RotationSettings, signer: Fingerprint?,
    catalog: Catalog, excluding: Set<MirrorPath> = [], farm: [FarmTarget] = [], today: CalendarDate,
    now: Int64
  ) throws(MirrorError) {
    let lookup = try DigestLookup(mirror, catalog: catalog)
    let ignored = Set(rotation.ignoredBuilds)
    let left = Set(mirror.subarches.lazy.filter { ignored.contains($0.build) }.map(\.path))
    let withdrawn = try WithdrawnRelease.all(in: mirror, ignoring: ignored)
    document = IndexDocument(
      mirror, ignoring: left, excluding: excluding, withdrawn: withdrawn, digests: { lookup($0) },
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: mirror) })
    candidates = IndexDocument(
      mirror, ignoring: left, offersCandidates: true, digests: { lookup($0) },
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: mirror) })
    (self.mirror, self.catalog, self.lookup) = (mirror, catalog, lookup)
    (excluded, self.ignored) = (excluding, ignored)
    self.farm = Dictionary(grouping: farm) { $0.subarch ?? "" }
    (self.today, self.now) = (today, now)
    (self.settings, self.rotation, self.signer) = (settings, rotation, signer)
  }

  /// Refuses to write indexes that would lose subarches because they are in no list of the configuration.
  ///
  /// - Throws: ``MirrorError`` with code `refused`.
  func checkLosses() throws(MirrorError) {
    let left = mirror.bystanders.filter { !$0.built.isEmpty && !rotation.isIgnored($0) }
    guard !left.isEmpty else { return }
    let named = PublishedPlaces.read(in: mirror)
    let lost = left.map(\.path).filter(named.contains)
    guard !lost.isEmpty else { return }
    throw MirrorError(
      .refused, mirror.displayed(.root),
      "the index would lose \(lost.summary): not listed in [section rotation]",
      remedy: "correct builds, arches and subarches, or add it to ignore to leave it out")
  }

  /// Subarches that are listed, in path order.
  var subarches: [Subarch] { mirror.subarches.filter { !ignored.contains($0.build) } }

  /// A subarch's complete versions, oldest first, without those about to be removed.
  func versions(of subarch: Subarch) -> [Version] { subarch.built.filter { !excluded.contains($0.path) } }

  /// The newest artifacts of a subarch, by variant; none for an omitted subarch.
  func newestOffers(of subarch: Subarch) -> [Offer] {
    guard !ignored.contains(subarch.build) else { return [] }
    return subarch.newestOffers(excluding: excluded)
  }

  /// Whether a version or snapshot is not about to be removed.
  func stays(_ path: MirrorPath) -> Bool { !excluded.contains(path) }

  /// Lowercase hexadecimal digests by algorithm (`sha256`, `sha512`, `blake2b`), as far as known.
  func digests(_ tarball: Tarball) -> [String: String] { lookup(tarball) }
}
