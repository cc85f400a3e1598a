import LinuxSystem
public import MirrorModel
public import SystemPackage

/// How files are signed: `[section signing]`.
public struct SigningSettings: Sendable {
  /// The key that signs, or the primary key of one that does; no other counts.
  public let key: Fingerprint
  /// gpg's home directory; nil for its own.
  public var homeDirectory: FilePath?
  /// A file that holds the key's passphrase; nil where the agent knows it, or there is none.
  public var passphraseFile: FilePath?
  /// How signatures are written.
  public var formats: [SignatureFormat] = [.gpg]
  /// What is signed.
  public var what: Set<SignedKind> = [.tarballs, .index]

  /// `.gpg` of tarballs and index, by this key.
  public init(key: Fingerprint) { self.key = key }

  /// gpg's home directory, for messages.
  var displayedHome: String { homeDirectory.map { escaped($0.bytes) } ?? "gpg's own home directory" }
}

/// What may be signed.
public enum SignedKind: String, Sendable, CaseIterable {
  /// Compressed tarballs.
  case tarballs
  /// `.hash.txt`, `.DIGESTS`, `SHA256SUMS` and their kin.
  case digests
  /// `index.xml` and the other files of an index.
  case index
}
