import LinuxSystem
public import MirrorModel
public import SystemPackage

/// Settings for signing: `[section signing]`.
public struct SigningSettings: Sendable {
  /// The signing key, or its primary key; no other key is trusted.
  public let key: Fingerprint
  /// gpg's home directory; nil for the default.
  public var homeDirectory: FilePath?
  /// A file with the key's passphrase; nil if the agent has it, or there is none.
  public var passphraseFile: FilePath?
  /// Formats of signatures.
  public var formats: [SignatureFormat] = [.gpg]
  /// Keys that signed before: their signatures are replaced, and they are published until then.
  public var previous: [Fingerprint] = []
  /// How long a key that was replaced is published, in seconds.
  public var keepsPrevious = 365 * 86_400
  /// What to sign.
  public var what: Set<SignedKind> = [.tarballs, .index]

  /// `.gpg` signatures of tarballs and index by this key.
  public init(key: Fingerprint) { self.key = key }

  /// gpg's home directory, for messages.
  var displayedHome: String { homeDirectory.map { escaped($0.bytes) } ?? "gpg's own home directory" }
}

/// Kinds of files to sign.
public enum SignedKind: String, Sendable, CaseIterable {
  /// Compressed tarballs.
  case tarballs
  /// `.hash.txt`, `.DIGESTS`, `SHA256SUMS` and similar files.
  case digests
  /// `index.xml` and the other files of an index.
  case index
}
