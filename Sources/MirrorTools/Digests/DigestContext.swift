import LinuxSystem
import MirrorModel
import SystemPackage

/// Context for making and checking digests and signatures of the tarballs in a mirror.
struct DigestContext: Sendable {
  let root: FilePath
  let layout: MirrorLayout
  let ownership: OwnershipRules
  let catalog: Catalog
  let hasher: FileHasher
  /// nil if signing is disabled.
  let signing: SigningSettings?
  /// Seconds since the epoch.
  let now: Int64

  var cancellation: Cancellation { hasher.cancellation }
  /// The formats of release files.
  var kinds: ArtifactKinds { hasher.kinds }

  /// - Parameters:
  ///   - ownership: owner and mode of sidecars.
  ///   - signing: the key to sign tarballs and digests with, and to check their signatures with.
  ///   - now: seconds since the epoch.
  init(
    root: FilePath, layout: MirrorLayout = .metro, ownership: OwnershipRules = OwnershipRules(),
    catalog: Catalog, hasher: FileHasher,
    signing: SigningSettings? = nil, now: Int64
  ) {
    self.root = root
    self.layout = layout
    self.ownership = ownership
    self.catalog = catalog
    self.hasher = hasher
    self.signing = signing
    self.now = now
  }
}
