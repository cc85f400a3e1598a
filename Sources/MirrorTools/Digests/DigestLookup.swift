public import MirrorModel
public import LinuxSystem

/// Looks up the digests of single tarballs: in the catalog, or in a newer `.hash.txt`.
public struct DigestLookup: Sendable {
  private let catalog: Catalog
  private let anchor: Shared<AnchoredDirectory>
  private let digestFile: DigestFile

  /// Uses the catalog and the sidecars of a mirror.
  public init(_ mirror: Mirror, catalog: Catalog) throws(MirrorError) {
    self.catalog = catalog
    digestFile = DigestFile(mirror.layout)
    anchor = Shared(try AnchoredDirectory(root: mirror.root))
  }

  /// Lowercase hexadecimal digests by algorithm; empty if none are known for the present file.
  public func callAsFunction(_ tarball: Tarball) -> [String: String] {
    (recorded(tarball) ?? written(tarball))?.hexadecimal ?? [:]
  }

  private func recorded(_ tarball: Tarball) -> DigestSet? {
    // An unreadable catalog is treated as an empty one.
    guard let record = try? catalog.record(of: tarball.path),
      tarball.status.identity.isSameFile(as: record.identity)
    else { return nil }
    return record.digests
  }

  private func written(_ tarball: Tarball) -> DigestSet? {
    guard let directory = try? anchor.value.directory(tarball.path.parent) else { return nil }
    return try? digestFile.digests(
      of: tarball.name, notOlderThan: tarball.status.identity, in: directory)
  }
}
