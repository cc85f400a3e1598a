import LinuxSystem
import SystemPackage

/// The public key in a mirror for downloaders.
struct PublishedKey: Sendable {
  private let root: FilePath
  private let ownershipRules: OwnershipRules
  private let settings: SigningSettings
  /// Seconds since the epoch.
  private let now: Int64
  private let cancellation: Cancellation?

  /// The key of a mirror.
  init(
    _ root: FilePath, _ ownershipRules: OwnershipRules, _ settings: SigningSettings, now: Int64,
    cancellation: Cancellation? = nil
  ) {
    self.root = root
    self.ownershipRules = ownershipRules
    self.settings = settings
    self.now = now
    self.cancellation = cancellation
  }

  /// Rewrites the file if it contains the keys in the configuration, and gpg has a newer version; returns
  /// whether it did.
  ///
  /// A file that does not exist, contains another key, or is newer than gpg's version is not changed.
  func renew() throws(MirrorError) -> Bool {
    let path = MirrorPath(bytes: PublicKeyFile.name.bytes)
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownershipRules)
    guard try anchor.status(of: PublicKeyFile.name)?.kind == .regular,
      let there = try anchor.contents(of: path, limit: 1 << 20)
    else { return false }
    let dates = KeyNotice(in: anchor)
    let fresh = try PublicKeyFile.bytes(dates.published(settings, now: now), cancellation: cancellation)
    guard fresh != there, let old = try PublicKeyFile.keys(in: there, settings, cancellation: cancellation),
      let new = try PublicKeyFile.keys(in: fresh, settings, cancellation: cancellation)
    else { return false }
    // A key that was replaced long ago is left out.
    let ended = Set(settings.previous).subtracting(dates.published(settings, now: now).previous)
    for key in old where !ended.contains(key.fingerprint) {
      guard let renewed = new.first(where: { $0.primary == key.primary }),
        key.fingerprints.isSubset(of: renewed.fingerprints),
        Self.isNotLater(key.expires, renewed.expires), Self.isNotLater(key.signsUntil, renewed.signsUntil)
      else { return false }
    }
    return try IndexPublisher(root: root, ownershipRules).publish(IndexFile(path: path, bytes: fresh))
  }

  /// Compares times; nil means never.
  private static func isNotLater(_ one: Int64?, _ other: Int64?) -> Bool { one ?? .max <= other ?? .max }
}
