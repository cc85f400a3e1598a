package import LinuxSystem
package import MirrorModel

/// A tarball that was just written, and whose digests came out of writing it.
package enum FreshTarball {
  /// Writes its `.hash.txt`, and remembers its digests, so that nobody reads it again for them.
  ///
  /// The caller syncs the directory, which it wrote the tarball to.
  ///
  /// - Parameters:
  ///   - status: the file's, under its final name.
  ///   - catalog: where digests are remembered; without it `digestgen` takes them from the sidecar.
  ///   - now: seconds since the epoch.
  package static func record(
    _ digests: DigestSet, of path: MirrorPath, _ status: FileStatus,
    in directory: borrowing AnchoredDirectory,
    catalog: Catalog?, now: Int64
  ) throws(MirrorError) {
    guard let text = SidecarText.hashText(digests) else { return }
    _ = try SignatureFiles.drop(of: HashTextFile.name(of: path.name), in: directory)
    let sidecar = try DurableFile.write(
      text, to: HashTextFile.name(of: path.name), in: directory, Ownership(of: status),
      syncingDirectory: false)
    let record = CatalogRecord(
      identity: status.identity, sidecar: sidecar.identity, digests: digests, hashedAt: now)
    // What is not remembered is adopted from the sidecar, or hashed where a write within the same second would not
    // show.
    guard !status.identity.hasCoarseTimes else { return }
    try? catalog?.update(storing: [(path, record)])
  }
}
