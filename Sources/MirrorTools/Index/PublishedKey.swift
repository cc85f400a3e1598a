import LinuxSystem
import SystemPackage

/// The public key in a mirror for downloaders.
struct PublishedKey: Sendable {
  private let root: FilePath
  private let ownershipRules: OwnershipRules
  private let settings: SigningSettings
  private let cancellation: Cancellation?

  /// The key of a mirror.
  init(
    _ root: FilePath, _ ownershipRules: OwnershipRules, _ settings: SigningSettings,
    cancellation: Cancellation? = nil
  ) {
    self.root = root
    self.ownershipRules = ownershipRules
    self.settings = settings
    self.cancellation = cancellation
  }

  /// Rewrites the file if it contains the key in the configuration, and gpg has a newer version; returns
  /// whether it did.
  ///
  /// A file that does not exist, contains another key, or is newer than gpg's version is not changed.
  func renew() throws(MirrorError) -> Bool {
    let path = MirrorPath(bytes: PublicKeyFile.name.bytes)
    let anchor = try AnchoredDirectory(root: root, ownershipRules: ownershipRules)
    guard try anchor.status(of: PublicKeyFile.name)?.kind == .regular,
      let there = try anchor.contents(of: path, limit: 1 << 20)
    else { return false }
    let fresh = try PublicKeyFile.bytes(settings, cancellation: cancellation)
    guard fresh != there, let old = try key(in: there), let new = try key(in: fresh),
      old.primary == new.primary, old.fingerprints.isSubset(of: new.fingerprints),
      Self.isNotLater(old.expires, new.expires), Self.isNotLater(old.signsUntil, new.signsUntil)
    else { return false }
    return try IndexPublisher(root: root, ownershipRules).publish(IndexFile(path: path, bytes: fresh))
  }

  /// The key in the configuration, if a file contains only that key.
  private func key(in file: [UInt8]) throws(MirrorError) -> SigningKey? {
    let memory = try MemoryFile(file, for: "gpg")
    let answer = try GnuPG(settings: settings, cancellation: cancellation).gpg([
      "--with-colons", "--fixed-list-mode", "--show-keys", memory.path,
    ])
    return SigningKey(settings.key, in: answer.output, alone: true)
  }

  /// Compares times; nil means never.
  private static func isNotLater(_ one: Int64?, _ other: Int64?) -> Bool { one ?? .max <= other ?? .max }
}
