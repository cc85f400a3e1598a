public import MirrorModel
public import LinuxSystem

/// The content of a mirror's index.
public struct IndexDocument: Codable, Sendable, Hashable {
  /// Version of the JSON format.
  public private(set) var version = 1
  /// Subarches with a complete version, in path order.
  public private(set) var subarches: [IndexedSubarch] = []
  /// Withdrawn releases, in path order; nil if there are none.
  public private(set) var withdrawn: [WithdrawnRelease]?
  /// Omissions; not part of the index.
  public private(set) var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case version, subarches, withdrawn }

  /// Lists the newest complete versions of a mirror.
  ///
  /// - Parameters:
  ///   - ignoring: subarches to omit.
  ///   - excluding: versions that are about to be removed.
  ///   - withdrawn: withdrawn releases.
  ///   - offersCandidates: whether to list the newest candidates instead.
  ///   - digests: lowercase hexadecimal digests by algorithm (`sha256`, `sha512`, `blake2b`), as far as
  ///     known.
  ///   - buildInfo: the content of a version's `build-info.json`, as returned by ``BuildInfo/read(_:in:)``.
  public init(
    _ mirror: Mirror, ignoring: Set<MirrorPath> = [], excluding: Set<MirrorPath> = [],
    withdrawn: [WithdrawnRelease] = [], offersCandidates: Bool = false,
    digests: (Tarball) -> [String: String] = { _ in [:] },
    buildInfo: (Version) throws(MirrorError) -> BuildInfo = { _ in BuildInfo() }
  ) {
    problems = mirror.damagedTarballs
    self.withdrawn = withdrawn.isEmpty ? nil : withdrawn
    for subarch in mirror.subarches where !ignoring.contains(subarch.path) {
      let offers =
        offersCandidates ? subarch.candidateOffers : subarch.newestOffers(excluding: excluding)
      guard let version = offers.map(\.version).max(by: { $0.date < $1.date }) else { continue }
      guard Self.isWritable(subarch.path) else {
        problems.append(Self.unwritable(mirror.displayed(subarch.path)))
        continue
      }
      subarches.append(
        IndexedSubarch(
          name: subarch.name, info: attributes(of: version, in: mirror, buildInfo),
          builds: builds(offers, of: subarch, in: mirror, digests)))
    }
  }

  private mutating func attributes(
    of version: Version, in mirror: Mirror, _ buildInfo: (Version) throws(MirrorError) -> BuildInfo
  ) -> [String: String] {
    guard version.hasBuildInfo else { return [:] }
    do throws(MirrorError) {
      let info = try buildInfo(version)
      let usable = info.values.filter { IndexedSubarch.canCarry($0.key, $0.value) }
      let left = (info.unusable + info.values.keys.filter { usable[$0] == nil }).sorted()
      if !left.isEmpty {
        let names = left.map { "`\(escaped(Array($0.utf8)))`" }.joined(separator: ", ")
        problems.append(
          MirrorError(
            .invalid, mirror.displayed(version.path.appending(BuildInfo.fileName)),
            "entries omitted from the index, not valid as XML attributes: \(names)"))
      }
      return usable
    } catch {
      problems.append(error)
      return [:]
    }
  }

  private mutating func builds(
    _ offers: [Offer], of subarch: Subarch, in mirror: Mirror, _ digests: (Tarball) -> [String: String]
  ) -> [IndexedBuild] {
    var builds: [IndexedBuild] = []
    for (version, artifact) in offers.map({ ($0.version, $0.artifact) }) {
      guard Self.isWritable(artifact.tarball.path) else {
        problems.append(Self.unwritable(mirror.displayed(artifact.tarball.path)))
        continue
      }
      builds.append(
        IndexedBuild(
          id: builds.count + 1, artifact, version, subarch, digests: digests(artifact.tarball)))
    }
    return builds
  }

  private static func isWritable(_ path: MirrorPath) -> Bool { path.text.map(XMLText.isValid) ?? false }

  private static func unwritable(_ path: String) -> MirrorError {
    MirrorError(
      .invalid, path, "omitted from the index: the name is not valid in XML", remedy: "rename it")
  }
}
