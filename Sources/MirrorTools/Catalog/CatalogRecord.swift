import MirrorModel
import LinuxSystem

/// What the catalog remembers of a tarball.
struct CatalogRecord: Hashable, Sendable {
  /// The file that was hashed.
  var identity: FileIdentity
  /// Its `.hash.txt` as it was when it was last found right.
  var sidecar: FileIdentity?
  var digests = DigestSet()
  /// When the digests were taken, in seconds since the epoch; nil when they were adopted from a sidecar.
  var hashedAt: Int64?
  /// When `verify` last read the tarball, in seconds since the epoch.
  var verifiedAt: Int64?
  /// Whether the content was found to differ from the digests.
  var isCorrupt = false
  /// What was found to be wrong with it.
  var fault: StreamFault?

  /// Whether its digests are those of a file with this identity, as far as is known.
  func vouches(for identity: FileIdentity) -> Bool { !isCorrupt && identity.isSameFile(as: self.identity) }
}
