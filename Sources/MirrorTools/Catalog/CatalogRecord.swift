import MirrorModel
import LinuxSystem

/// The record of a tarball in the catalog.
struct CatalogRecord: Hashable, Sendable {
  /// The file that was hashed.
  var identity: FileIdentity
  /// Its `.hash.txt` when it was last found correct.
  var sidecar: FileIdentity?
  var digests = DigestSet()
  /// When the digests were computed, in seconds since the epoch; nil if adopted from a sidecar.
  var hashedAt: Int64?
  /// When `verify` last read the tarball, in seconds since the epoch.
  var verifiedAt: Int64?
  /// Whether the content was found to differ from the digests.
  var isCorrupt = false
  /// Damage found in it.
  var fault: StreamFault?

  /// Whether the tarball was read here, so that the digests are not only those of a sidecar.
  var wasRead: Bool { hashedAt != nil || verifiedAt != nil }

  /// Whether its digests are known to be those of a file with this identity.
  func vouches(for identity: FileIdentity) -> Bool { !isCorrupt && identity.isSameFile(as: self.identity) }
}
