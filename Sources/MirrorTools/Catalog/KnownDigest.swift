import Hashing
package import LinuxSystem
import MirrorModel
package import SystemPackage

/// The digest of a file that may be in the mirror: that of the catalog if the file did not change, or else computed.
package enum KnownDigest {
  /// The SHA-256 of a file.
  ///
  /// - Parameters:
  ///   - path: absolute; links are followed.
  ///   - root: the root of the mirror.
  /// - Throws: if it cannot be read, or changes meanwhile.
  package static func sha256(
    of path: FilePath, root: FilePath, catalog: Catalog?
  ) throws(MirrorError) -> [UInt8] {
    let file = try attempt("open", "\(path)") { () throws(Errno) in try Descriptor(reading: path) }
    let before = try attempt("examine", "\(path)") { () throws(Errno) in try file.status() }
    if let known = record(path, root, catalog), known.vouches(for: before.identity),
      !before.identity.hasCoarseTimes, let digest = known.digests[.sha256]
    {
      return digest
    }
    return try OpenSSLDigest.sha256(of: file, "\(path)").digest
  }

  /// Notes that a file got another name: only its status change time differs.
  ///
  /// - Parameter digest: its SHA-256.
  package static func renew(
    _ path: MirrorPath, _ digest: [UInt8], _ status: FileStatus, catalog: Catalog?
  ) {
    guard let catalog, var record = try? catalog.record(of: path), record.digests[.sha256] == digest,
      !status.identity.hasCoarseTimes
    else { return }
    record.identity = status.identity
    // Without it, the next run reads the file.
    try? catalog.update(storing: [(path, record)])
  }

  private static func record(_ path: FilePath, _ root: FilePath, _ catalog: Catalog?) -> CatalogRecord? {
    var rest = path
    guard let catalog, rest.removePrefix(root) else { return nil }
    return (try? catalog.record(of: MirrorPath(rest.string))).flatMap { $0 }
  }
}
