public import LinuxSystem
public import MirrorModel

/// What `digestgen` is asked to do.
public struct DigestOptions: Sendable {
  /// Digests to take besides SHA-256, which `.hash.txt` needs.
  public var algorithms: Set<DigestAlgorithm> = [.sha256]
  /// Sidecars to keep besides `.hash.txt`.
  public var formats: Set<DigestFormat> = []
  /// Hash again what has digests.
  public var force = false
  /// Tarballs and directories to limit the work to; none for the whole mirror.
  public var paths: [MirrorPath] = []

  /// SHA-256 into `.hash.txt`, for the whole mirror.
  public init() {}

  /// Whether a path is within what was asked for.
  func includes(_ path: MirrorPath) -> Bool { paths.isEmpty || paths.contains { path.isWithin($0) } }

  /// Whether a tarball itself was named, not a directory above it.
  func names(_ path: MirrorPath) -> Bool { paths.contains(path) }
}

/// What `digestgen` would do to a mirror.
public struct DigestPlan: Encodable, Sendable {
  /// Why a tarball is hashed.
  public enum Reason: String, Encodable, Sendable {
    /// Nothing is known of it.
    case new
    /// It is not the file that was recorded, or is newer than its sidecar.
    case changed
    /// More digests are wanted than are known.
    case algorithms
    /// `--force`: compared with what is known.
    case again
    /// `--force` and its name: what is found counts, whatever was known.
    case forced
  }

  /// A tarball to hash.
  public struct Hash: Encodable, Sendable {
    /// Relative to the mirror's root.
    public let path: MirrorPath
    /// Bytes.
    public let size: Int64
    /// Why.
    public let reason: Reason
    let algorithms: [DigestAlgorithm]
    let device: UInt64
    private enum CodingKeys: String, CodingKey { case path, size = "bytes", reason, algorithms }
  }

  /// A tarball whose digests are known, and whose sidecar is missing or was touched.
  public struct Known: Encodable, Sendable {
    /// The tarball, relative to the mirror's root.
    public let path: MirrorPath
    /// Whether the digests come from the sidecar and the catalog learns them.
    public let isAdoption: Bool
    let record: CatalogRecord
    private enum CodingKeys: String, CodingKey { case path, isAdoption = "adopted" }
  }

  /// A link to make or to take away.
  public struct LinkChange: Encodable, Sendable {
    /// The link, relative to the mirror's root.
    public let path: MirrorPath
    /// What it is to say; nil when it goes.
    let text: FileName?
    private enum CodingKeys: String, CodingKey { case path, text = "destination" }
    /// Whether it goes.
    public var isRemoval: Bool { text == nil }
  }

  /// A file to sign.
  public struct Signature: Encodable, Sendable {
    /// Why it is signed.
    public enum Reason: String, Encodable, Sendable {
      /// It has no signature.
      case new
      /// It was written to after its signature.
      case older
      /// It seems to be another file; it is signed again if its content is another.
      case changed
      /// `--force`.
      case again
      /// It is by a subkey that has expired.
      case expired
    }

    /// What is signed, relative to the mirror's root.
    public let path: MirrorPath
    /// How its signature is written.
    public let format: SignatureFormat
    /// Why.
    public let reason: Reason
    let size: Int64
    let device: UInt64
    private enum CodingKeys: CodingKey { case path, format, reason }

    /// Whether it signs a tarball, not a file of digests.
    var isOfTarball: Bool { TarballName(path.name) != nil }
    /// Where the signature lies.
    var destination: MirrorPath { path.parent.appending(format.signature(of: path.name)) }
  }

  /// A file to take away.
  public struct Removal: Encodable, Sendable {
    /// Relative to the mirror's root.
    public let path: MirrorPath
    /// The tarball, or another file, that is gone.
    let tarball: FileName
    /// Whether it signs something.
    var isSignature: Bool { SignatureFormat.parse(path.name) != nil }
  }

  /// Something that is not touched.
  public struct Skip: Encodable, Sendable {
    /// Relative to the mirror's root.
    public let path: MirrorPath
    /// Why.
    public let reason: String
  }

  /// Sidecars that one folder keeps besides `.hash.txt`.
  struct FolderSidecars: Encodable, Sendable {
    let path: MirrorPath
    let manifests: [ManifestKind]
    /// Tarballs with a `.DIGESTS`.
    let digests: [FileName]
    /// Signatures that these and the `.hash.txt` will have.
    let signatures: [FileName]
    private enum CodingKeys: CodingKey { case path }
  }

  /// Tarballs to hash.
  public var hashes: [Hash] = []
  /// Sidecars to adopt or to write again.
  public var known: [Known] = []
  /// Tarballs and files of digests to sign.
  public var signatures: [Signature] = []
  /// Signatures that nothing will replace, of tarballs that seem to be other files; they go if the content is
  /// another.
  public var outdated: [Removal] = []
  /// Links to make or take away.
  public var links: [LinkChange] = []
  /// Sidecars whose tarball is gone.
  public var removals: [Removal] = []
  /// What is being built.
  public var skipped: [Skip] = []
  /// Tarballs known to be corrupt, kept as they are.
  public var corrupt: [MirrorPath] = []
  /// Tarballs known to be damaged, which get no digests.
  public var damaged: [MirrorPath] = []
  var folders: [FolderSidecars] = []
  /// Links to signatures that may go, and what they say: they go first, and come back last.
  var signatureLinks: [(signature: MirrorPath, link: LinkChange)] = []
  /// Records of tarballs that are gone.
  var forgotten: [MirrorPath] = []

  /// What the catalog knew when the plan was made.
  var records: [MirrorPath: CatalogRecord] = [:]

  private enum CodingKeys: CodingKey {
    case hashes, known, signatures, outdated, links, removals, skipped, corrupt, damaged
  }
}
