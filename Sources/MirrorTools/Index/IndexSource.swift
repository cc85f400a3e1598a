import LinuxSystem
import MirrorModel

/// All that index files are made of, as it was at one moment.
struct IndexSource: Sendable {
  /// What is stored here.
  let mirror: Mirror
  /// The newest of each subarch.
  let document: IndexDocument
  let settings: IndexSettings
  let rotation: RotationSettings
  /// The key that signs here.
  let signer: Fingerprint?
  let catalog: Catalog
  /// Versions that are about to be removed.
  let excluded: Set<MirrorPath>
  /// Builds that are not listed.
  private let ignored: Set<FileName>
  private let lookup: DigestLookup
  /// The local day.
  let today: CalendarDate
  /// Seconds since the epoch.
  let now: Int64

  /// Gathers it.
  ///
  /// - Parameters:
  ///   - signer: the key that signs here; nil for none.
  ///   - excluding: versions that are about to be removed.
  ///   - now: seconds since the epoch.
  init(
    _ mirror: Mirror, _ settings: IndexSettings, _ rotation: RotationSettings, signer: Fingerprint?,
    catalog: Catalog, excluding: Set<MirrorPath> = [], today: CalendarDate, now: Int64
  ) throws(MirrorError) {
    let lookup = try DigestLookup(mirror, catalog: catalog)
    let ignored = Set(rotation.ignoredBuilds)
    document = IndexDocument(
      mirror, ignoring: Set(mirror.subarches.lazy.filter { ignored.contains($0.build) }.map(\.path)),
      excluding: excluding, digests: { lookup($0) },
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: mirror) })
    (self.mirror, self.catalog, self.lookup) = (mirror, catalog, lookup)
    (excluded, self.ignored) = (excluding, ignored)
    (self.today, self.now) = (today, now)
    (self.settings, self.rotation, self.signer) = (settings, rotation, signer)
  }

  /// Refuses to write indexes that would lose subarches because no list of the configuration has them.
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
      "the index would lose \(lost.summary): no list of [section rotation] has it",
      remedy: "correct builds, arches and subarches; or add it to ignore, if it is to be left out")
  }

  /// Subarches that are listed, in path order.
  var subarches: [Subarch] { mirror.subarches.filter { !ignored.contains($0.build) } }

  /// A subarch's complete versions that stay, oldest first.
  func versions(of subarch: Subarch) -> [Version] { subarch.built.filter { !excluded.contains($0.path) } }

  /// What a subarch's newest version offers, by variant; nothing of one that is not listed.
  func newestOffers(of subarch: Subarch) -> [Artifact] {
    guard !ignored.contains(subarch.build) else { return [] }
    return subarch.newestOffered(excluding: excluded)?.offers(of: subarch) ?? []
  }

  /// Whether a version or snapshot is not about to be removed.
  func stays(_ path: MirrorPath) -> Bool { !excluded.contains(path) }

  /// Lowercase hexadecimal by algorithm (`sha256`, `sha512`, `blake2b`), as far as known.
  func digests(_ tarball: Tarball) -> [String: String] { lookup(tarball) }
}
