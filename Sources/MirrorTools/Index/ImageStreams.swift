import MirrorModel
import LinuxSystem

/// The container images of a mirror for clients of LXD and Incus: `streams/v1`, in the simple streams format.
///
/// An image is an `lxd-…` tarball of a complete version with a known SHA-256. What clients read is defined in
/// their `shared/simplestreams`.
struct ImageStreams {
  private static let indexPath: MirrorPath = "streams/v1/index.json"
  static let imagesPath: MirrorPath = "streams/v1/images.json"
  /// Marks files written by mirrorctl; clients ignore it.
  private static let creator = IndexMark.text

  private var products: [String: Product] = [:]
  private var newest: Int64?
  private var problems: [MirrorError] = []

  init(_ source: IndexSource) {
    let versions = source.subarches.flatMap { subarch in
      source.versions(of: subarch).filter(\.isDated).map { (version: $0, subarch: subarch) }
    }
    // Clients refuse an alias with a duplicate fingerprint: identical tarballs are listed under their newest
    // version.
    var listed: Set<String> = []
    for (version, subarch) in versions.sorted(by: { $0.version.date > $1.version.date }) {
      for artifact in version.offers(of: subarch) where artifact.variant == "lxd" {
        guard let sha256 = source.digests(artifact.tarball)["sha256"], !listed.contains(sha256) else {
          continue
        }
        if add(artifact.tarball, sha256, version, subarch, source) { listed.insert(sha256) }
      }
    }
  }

  /// Whether the mirror has streams written by mirrorctl.
  static func isOurs(_ anchor: borrowing AnchoredDirectory) -> Bool {
    IndexMark.isThere(imagesPath, anchor) || IndexMark.isThere(indexPath, anchor)
  }

  /// The list of images, and the index that refers to it.
  func content() throws(MirrorError) -> IndexContent {
    let updated = newest.map(UTCText.mail)
    let images = Images(products: products, updated: updated)
    let entry = Entry(path: Self.imagesPath, products: products.keys.sorted(), updated: updated)
    let index = Index(index: ["images": entry], updated: updated)
    return IndexContent(
      files: [
        IndexFile(path: Self.imagesPath, bytes: try JSONIndexWriter.bytes(images)),
        IndexFile(path: Self.indexPath, bytes: try JSONIndexWriter.bytes(index)),
      ], problems: problems.sorted { $0.subject < $1.subject })
  }

  /// Lists an image; false if clients could not use it.
  private mutating func add(
    _ tarball: Tarball, _ sha256: String, _ version: Version, _ subarch: Subarch, _ source: IndexSource
  ) -> Bool {
    func leaveOut(_ why: String, _ remedy: String) -> Bool {
      problems.append(
        MirrorError(
          .invalid, source.mirror.displayed(tarball.path), "omitted from the image streams: \(why)",
          remedy: remedy))
      return false
    }
    guard let architecture = Architecture(directory: subarch.arch)?.imageName else {
      return leaveOut("LXD has no name for `\(subarch.arch)`", "ignore this")
    }
    // Clients do not agree on escaping, and a comma would end an alias.
    let path = tarball.path.urlPath
    guard path == tarball.path.text else { return leaveOut("its path is not a plain URL", "rename it") }
    let name = [subarch.build, subarch.arch, subarch.name].map(\.description)
    let file = { Item(ftype: $0, path: path, sha256: sha256, size: tarball.status.size) }
    let items = Dictionary(
      uniqueKeysWithValues: ["incus_combined.tar.gz", "lxd_combined.tar.gz"].map { ($0, file($0)) })
    let serial = version.date.description.filter { $0 != "-" }
    products[
      name.joined(separator: ":"),
      default: Product(
        aliases: "\(name[0])/\(name[2]),\(name[0])/\(name[1])/\(name[2])", arch: architecture,
        os: source.settings.system ?? source.settings.title, release: name[0],
        releaseTitle: "\(name[0]) \(name[2])", variant: name[2])
    ].versions[serial] = Product.Dated(items: items)
    newest = max(newest ?? .min, tarball.status.identity.modified)
    return true
  }

  private struct Index: Encodable {
    let creator = ImageStreams.creator
    let format = "index:1.0"
    let index: [String: Entry]
    let updated: String?
  }

  private struct Entry: Encodable {
    let datatype = "image-downloads"
    let format = "products:1.0"
    let path: MirrorPath
    let products: [String]
    let updated: String?
  }

  private struct Images: Encodable {
    let contentID = "images"
    let creator = ImageStreams.creator
    let datatype = "image-downloads"
    let format = "products:1.0"
    let products: [String: Product]
    let updated: String?

    private enum CodingKeys: String, CodingKey {
      case creator, datatype, format, products, updated
      case contentID = "content_id"
    }
  }

  private struct Product: Encodable {
    let aliases: String
    let arch: String
    let os: String
    let release: String
    let releaseTitle: String
    let variant: String
    var versions: [String: Dated] = [:]

    private enum CodingKeys: String, CodingKey {
      case aliases, arch, os, release, variant, versions
      case releaseTitle = "release_title"
    }

    struct Dated: Encodable {
      let items: [String: Item]
    }
  }

  private struct Item: Encodable {
    let ftype: String
    let path: String
    let sha256: String
    let size: Int64
  }
}
