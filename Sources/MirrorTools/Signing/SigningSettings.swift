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

  /// The signatures that lie beside a file, one a format.
  public func signatures(of path: MirrorPath) -> [MirrorPath] {
    formats.map { path.parent.appending($0.signature(of: path.name)) }
  }

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

/// How a detached signature is written.
public enum SignatureFormat: String, Encodable, Sendable, CaseIterable {
  /// Binary, as Metro's.
  case gpg
  /// Armoured: ASCII.
  case asc

  /// `.gpg`.
  var suffix: String { ".\(rawValue)" }

  /// The sidecar of a tarball that it is.
  var sidecar: SidecarKind { self == .gpg ? .signature : .armored }

  /// The file that a signature of this name signs; nil when it is no signature's name.
  static func parse(_ name: FileName) -> (format: SignatureFormat, file: FileName)? {
    guard name.hasSuffix(".gpg") || name.hasSuffix(".asc") else { return nil }
    return (name.hasSuffix(".gpg") ? .gpg : .asc, name.dropping(last: 4))
  }

  /// The name of a file's signature.
  func signature(of file: FileName) -> FileName { file.appending(suffix) }
}

extension SidecarKind {
  /// The format of a signature; nil for what is none.
  var signatureFormat: SignatureFormat? {
    switch self {
    case .signature: .gpg
    case .armored: .asc
    case .hashText, .digests, .contents, .metalink: nil
    }
  }
}
