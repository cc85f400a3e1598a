package import LinuxSystem
package import MirrorModel

/// A tarball that was just written, with digests computed while writing.
package enum FreshTarball {
  /// Writes its digest file (`.hash.txt`, or that of the layout), and records its digests, so that it need not be
  /// read again for them.
  ///
  /// The caller syncs the directory of the tarball.
  ///
  /// - Parameters:
  ///   - status: status of the file under its final name.
  ///   - catalog: where to record the digests; without it `digestgen` adopts them from the sidecar.
  ///   - now: seconds since the epoch.
  package static func record(
    _ digests: DigestSet, of path: MirrorPath, _ status: FileStatus,
    in directory: borrowing AnchoredDirectory, _ layout: MirrorLayout,
    catalog: Catalog?, now: Int64
  ) throws(MirrorError) {
    let file = DigestFile(layout)
    guard let text = file.text(digests, of: path.name) else { return }
    _ = try SignatureFiles.drop(of: file.name(of: path.name), in: directory)
    let sidecar = try DurableFile.write(
      text, to: file.name(of: path.name), in: directory, Ownership(of: status),
      syncingDirectory: false)
    let record = CatalogRecord(
      identity: status.identity, sidecar: sidecar.identity, digests: digests, hashedAt: now)
    // Unrecorded digests are adopted from the sidecar; the tarball is hashed if a write within the same
    // second would not be noticed.
    guard !status.identity.hasCoarseTimes else { return }
    try? catalog?.update(storing: [(path, record)])
  }
}
