public import LinuxSystem
public import MirrorModel

/// Options of `digestgen`.
public struct DigestOptions: Sendable {
  /// Digests to compute besides SHA-256, which `.hash.txt` requires.
  public var algorithms: Set<DigestAlgorithm> = [.sha256]
  /// Sidecar formats to write besides `.hash.txt`.
  public var formats: Set<DigestFormat> = []
  /// Whether to hash tarballs that already have digests.
  public var force = false
  /// Tarballs and directories to limit the work to; none for the whole mirror.
  public var paths: [MirrorPath] = []

  /// SHA-256 in `.hash.txt`, for the whole mirror.
  public init() {}

  /// These options with the digests that files in a layout always have.
  func adding(_ layout: MirrorLayout) -> DigestOptions {
    var options = self
    options.algorithms.formUnion(layout.digestAlgorithms)
    options.formats.formUnion(layout.digestFormats)
    return options
  }

  /// Whether a path is in the selection.
  func includes(_ path: MirrorPath) -> Bool { paths.isEmpty || paths.contains { path.isWithin($0) } }

  /// Whether a tarball itself was selected, not a directory above it.
  func names(_ path: MirrorPath) -> Bool { paths.contains(path) }
}

/// What `digestgen` would do in a mirror.
public struct DigestPlan: Encodable, Sendable {
  /// Why a tarball is hashed.
  public enum Reason: String, Encodable, Sendable {
    /// It has no known digests.
    case new
    /// It is not the recorded file, or is newer than its sidecar.
    case changed
    /// Some of the requested digests are not known.
    case algorithms
    /// `--force`: compared with the known digests.
    case again
    /// `--force` and selected by name: the result replaces the known digests.
    case forced
  }

  /// A tarball to hash.
  public struct Hash: Encodable, Sendable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// Size in bytes.
    public let size: Int64
    /// Why it is hashed.
    public let reason: Reason
    let algorithms: [DigestAlgorithm]
    let device: UInt64
    private enum CodingKeys: String, CodingKey { case path, size = "bytes", reason, algorithms }
  }

  /// A tarball with known digests whose sidecar is missing or was touched.
  public struct Known: Encodable, Sendable {
    /// The tarball, relative to the root of the mirror.
    public let path: MirrorPath
    /// Whether the digests are adopted from the sidecar into the catalog.
    public let isAdoption: Bool
    let record: CatalogRecord
    private enum CodingKeys: String, CodingKey { case path, isAdoption = "adopted" }
  }

  /// A link to make or remove.
  public struct LinkChange: Encodable, Sendable {
    /// The link, relative to the root of the mirror.
    public let path: MirrorPath
    /// Its target; nil to remove it.
    let text: FileName?
    private enum CodingKeys: String, CodingKey { case path, text = "destination" }
    /// Whether it is removed.
    public var isRemoval: Bool { text == nil }
  }

  /// A file to sign.
  public struct Signature: Encodable, Sendable {
    /// Why it is signed.
    public enum Reason: String, Encodable, Sendable {
      /// It has no signature.
      case new
      /// It was modified after it was signed.
      case older
      /// It seems to be another file; it is signed again if its content differs.
      case changed
      /// `--force`.
      case again
      /// Its signature was made by an expired subkey.
      case expired
      /// Its signature was not made here; it is signed again if that signature is not by the key.
      case unchecked
    }

    /// The file to sign, relative to the root of the mirror.
    public let path: MirrorPath
    /// Whether the file is a release file; otherwise it contains digests.
    let isOfTarball: Bool
    /// The format of the signature.
    public let format: SignatureFormat
    /// Why it is signed.
    public let reason: Reason
    let size: Int64
    let device: UInt64
    private enum CodingKeys: CodingKey { case path, format, reason }

    /// Path of the signature.
    var destination: MirrorPath { path.parent.appending(format.signature(of: path.name)) }
  }

  /// A file to remove.
  public struct Removal: Encodable, Sendable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// The missing tarball, or other file, that it belongs to.
    let tarball: FileName
    /// Whether it is a signature.
    var isSignature: Bool { SignatureFormat.parse(path.name) != nil }
  }

  /// A version that is left as it is.
  public struct Skip: Encodable, Sendable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// Why it is skipped.
    public let reason: String
  }

  /// Sidecars of one folder besides `.hash.txt`.
  struct FolderSidecars: Encodable, Sendable {
    let path: MirrorPath
    let manifests: [ManifestKind]
    /// Tarballs with a `.DIGESTS`.
    let digests: [FileName]
    /// Signatures that these files and the `.hash.txt` will have.
    let signatures: [FileName]
    private enum CodingKeys: CodingKey { case path }
  }

  /// Tarballs to hash.
  public var hashes: [Hash] = []
  /// Sidecars to adopt or to rewrite.
  public var known: [Known] = []
  /// Tarballs and digest files to sign.
  public var signatures: [Signature] = []
  /// Signatures without replacement, of tarballs that seem to be other files; removed if the content differs.
  public var outdated: [Removal] = []
  /// Links to make or remove.
  public var links: [LinkChange] = []
  /// Sidecars whose tarball does not exist any more.
  public var removals: [Removal] = []
  /// Versions that are being built.
  public var skipped: [Skip] = []
  /// Corrupt tarballs, left as they are.
  public var corrupt: [MirrorPath] = []
  /// Damaged tarballs, which get no digests.
  public var damaged: [MirrorPath] = []
  var folders: [FolderSidecars] = []
  /// Tarballs whose names digest files cannot contain.
  var unlisted: [MirrorPath] = []
  /// Links to signatures that may be removed: they are removed first, and made again last.
  var signatureLinks: [(signature: MirrorPath, link: LinkChange)] = []
  /// Tarballs that do not exist any more, to be removed from the catalog.
  var forgotten: [MirrorPath] = []
  /// The same for signatures.
  var forgottenSignatures: [MirrorPath] = []

  /// The records that the catalog had of the tarballs in folders with work.
  var records: [MirrorPath: CatalogRecord] = [:]

  /// The number of things to do with tarballs and their digests.
  var count: Int {
    hashes.count + known.count + signatures.count + outdated.count + corrupt.count + damaged.count
      + folders.count
  }

  private enum CodingKeys: CodingKey {
    case hashes, known, signatures, outdated, links, removals, skipped, corrupt, damaged
  }
}
