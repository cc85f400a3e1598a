public import MirrorModel
public import LinuxSystem

/// Tells the digests of single tarballs: from the catalog, or else from a `.hash.txt` that is newer.
public struct DigestLookup: Sendable {
  private let catalog: Catalog
  private let anchor: Shared<AnchoredDirectory>

  /// Looks into a mirror's catalog and its sidecars.
  public init(_ mirror: Mirror, catalog: Catalog) throws(MirrorError) {
    self.catalog = catalog
    anchor = Shared(try AnchoredDirectory(root: mirror.root))
  }

  /// Lowercase hexadecimal by algorithm; nothing for what is not known of the tarball as it lies there now.
  public func callAsFunction(_ tarball: Tarball) -> [String: String] {
    (recorded(tarball) ?? written(tarball))?.hexadecimal ?? [:]
  }

  private func recorded(_ tarball: Tarball) -> DigestSet? {
    // A catalog that cannot be read is one that knows nothing.
    guard let record = try? catalog.record(of: tarball.path),
      tarball.status.identity.isSameFile(as: record.identity)
    else { return nil }
    return record.digests
  }

  private func written(_ tarball: Tarball) -> DigestSet? {
    guard let directory = try? anchor.value.directory(tarball.path.parent) else { return nil }
    return try? HashTextFile.digests(
      of: tarball.name, notOlderThan: tarball.status.identity, in: directory)
  }
}
