import LinuxSystem
import SystemPackage

/// What making and checking digests and signatures of a mirror's tarballs needs.
struct DigestContext: Sendable {
  let root: FilePath
  let ownership: OwnershipRules
  let catalog: Catalog
  let hasher: FileHasher
  /// nil where nothing is signed.
  let signing: SigningSettings?
  /// Seconds since the epoch.
  let now: Int64

  var cancellation: Cancellation { hasher.cancellation }

  /// - Parameters:
  ///   - ownership: whose sidecars are.
  ///   - signing: with which key tarballs and digests are signed, and their signatures checked.
  ///   - now: seconds since the epoch.
  init(
    root: FilePath, ownership: OwnershipRules = OwnershipRules(), catalog: Catalog, hasher: FileHasher,
    signing: SigningSettings? = nil, now: Int64
  ) {
    self.root = root
    self.ownership = ownership
    self.catalog = catalog
    self.hasher = hasher
    self.signing = signing
    self.now = now
  }
}
