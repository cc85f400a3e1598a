public import MirrorModel
public import LinuxSystem

/// A release file in the index; paths begin with `/` and are relative to the mirror.
public struct IndexedBuild: Codable, Sendable, Hashable {
  /// Counts from 1 in each subarch.
  public let id: Int
  /// `stage3`, or the name of the extra.
  public let variant: String
  /// Its format: `tar.xz`, `qcow2`; nil in an index of an older mirrorctl.
  public let format: String?
  /// The build, a line of development.
  public let release: FileName
  /// Directory of the subarch.
  public let path: MirrorPath
  /// Date of the version.
  public let latest: VersionDate
  /// The file.
  public let download: MirrorPath
  /// Disk usage in the format of `du -h`, followed by `B`.
  public let size: String
  /// Size of the file in bytes.
  public let bytes: Int64
  /// Lowercase hexadecimal, if known.
  public let sha256: String?
  /// Lowercase hexadecimal, if known.
  public let sha512: String?
  /// Lowercase hexadecimal, if known.
  public let blake2b: String?
  /// The detached signature, if there is one.
  public let signature: MirrorPath?
  /// How it was built, as an in-toto Statement, if that is there.
  public let provenance: MirrorPath?
  /// Its software bill of materials in SPDX, if there is one.
  public let spdx: MirrorPath?
  /// Its software bill of materials in CycloneDX, if there is one.
  public let cyclonedx: MirrorPath?
  /// Whether it was a full build.
  public let full: Bool

  init(id: Int, _ artifact: Artifact, _ version: Version, _ subarch: Subarch, digests: [String: String]) {
    let tarball = artifact.tarball
    self.id = id
    variant = artifact.variant
    format = tarball.format.name
    release = subarch.build
    path = subarch.path.rooted
    latest = version.date
    download = tarball.path.rooted
    size = HumanSize.text(tarball.status.allocated) + "B"
    bytes = tarball.status.size
    sha256 = digests["sha256"]
    sha512 = digests["sha512"]
    blake2b = digests["blake2b"]
    signature = version.folder.signature(of: tarball.name)?.rooted
    let documents = version.folder.documents(of: tarball.name)
    provenance = documents[.provenance]?.rooted
    spdx = documents[.spdx]?.rooted
    cyclonedx = documents[.cyclonedx]?.rooted
    full = version.isFull
  }

  /// Its attributes in `index.xml`, in order.
  var attributes: [(String, String)] {
    let known: [(String, String?)] = [
      ("id", String(id)), ("variant", variant), ("format", format), ("release", release.jsonText),
      ("path", path.jsonText),
      ("latest", latest.description), ("download", download.jsonText), ("size", size),
      ("bytes", String(bytes)),
      ("sha256", sha256), ("sha512", sha512), ("blake2b", blake2b), ("signature", signature?.jsonText),
      ("provenance", provenance?.jsonText), ("spdx", spdx?.jsonText), ("cyclonedx", cyclonedx?.jsonText),
      ("full", full ? "yes" : "no"),
    ]
    return known.compactMap { name, value in value.map { (name, $0) } }
  }
}

extension MirrorPath {
  /// The path relative to the mirror's root, of one on a web server.
  var unrooted: MirrorPath { MirrorPath(bytes: Array(bytes.drop { $0 == UInt8(ascii: "/") })) }

  /// The path on a web server whose root is the mirror's root.
  var rooted: MirrorPath { MirrorPath(bytes: [UInt8(ascii: "/")] + bytes) }
}
