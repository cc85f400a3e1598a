import MirrorModel
import LinuxSystem

/// The container images of a mirror for clients of LXD and Incus: `streams/v1`, in the simple streams format.
///
/// An image is an `lxd-…` tarball or an `.incus.tar.xz` of a complete version with a known SHA-256. If there is a
/// squashfs or qcow2 image of the same variant beside it, the tarball contains only the metadata of a split image: the squashfs is the root of
/// containers, and the qcow2 the disk of virtual machines. What clients read is defined in their
/// `shared/simplestreams`.
struct ImageStreams {
  private static let indexPath: MirrorPath = "streams/v1/index.json"
  static let imagesPath: MirrorPath = "streams/v1/images.json"
  /// Marks files written by mirrorctl; clients ignore it.
  private static let creator = IndexMark.text

  private var products: [String: Product] = [:]
  private var newest: Int64?
  private var problems: [MirrorError] = []
  private var combined: CombinedDigests

  init(_ source: IndexSource) throws(MirrorError) {
    combined = try CombinedDigests(root: source.mirror.root, list: Self.imagesPath)
    let versions = source.subarches.flatMap { subarch in
      source.versions(of: subarch).filter(\.isDated).map { (version: $0, subarch: subarch) }
    }
    // Clients refuse an alias with a duplicate fingerprint: identical tarballs are listed under their newest
    // version.
    var listed: Set<String> = []
    for (version, subarch) in versions.sorted(by: { $0.version.date > $1.version.date }) {
      for (variant, files) in Self.images(of: version.offers(of: subarch)) {
        guard let image = Image(files, source), !listed.contains(image.fingerprint) else { continue }
        if try add(image, variant, version, subarch, source) { listed.insert(image.fingerprint) }
      }
    }
  }

  /// The files of each image: first the usual one of the subarch, whose variant is nil.
  private static func images(of offers: [Artifact]) -> [(variant: String?, files: [Tarball])] {
    let isImage = { (offer: Artifact) in offer.variant == "lxd" || offer.tarball.format.content == .incus }
    let variants = Set(offers.filter(isImage).map(\.variant))
    let usual = ["lxd", "incus"].first(where: variants.contains)
    return (variants.filter { $0 == usual } + variants.filter { $0 != usual }.sorted()).map { variant in
      (variant == usual ? nil : variant, offers.filter { $0.variant == variant }.map(\.tarball))
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

  /// The files of an image.
  private struct Image {
    typealias Part = (file: Tarball, sha256: String)
    /// The whole image, or the metadata of a split one.
    let tarball: Part
    let (root, disk): (Part?, Part?)

    /// nil if the digest of a file is not known yet, or there is no tarball.
    init?(_ files: [Tarball], _ source: IndexSource) {
      func part(_ content: ArtifactFormat.Content) -> Part? {
        guard let file = files.first(where: { $0.format.content == content }),
          let sha256 = source.digests(file)["sha256"]
        else { return nil }
        return (file, sha256)
      }
      let images = files.filter { [.squashfs, .qcow2].contains($0.format.content) }
      guard let tarball = part(.incus) ?? part(.tar),
        images.allSatisfy({ source.digests($0)["sha256"] != nil })
      else {
        return nil
      }
      self.tarball = tarball
      (root, disk) = (part(.squashfs), part(.qcow2))
    }

    var parts: [Part] { [tarball] + [root, disk].compactMap(\.self) }
    var isSplit: Bool { root != nil || disk != nil }
    /// The same for the same content.
    var fingerprint: String { parts.map(\.sha256).joined(separator: " ") }
  }

  /// Lists an image; false if clients could not use it.
  private mutating func add(
    _ image: Image, _ variant: String?, _ version: Version, _ subarch: Subarch, _ source: IndexSource
  ) throws(MirrorError) -> Bool {
    let tarball = image.tarball.file
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
    guard image.parts.allSatisfy({ $0.file.path.urlPath == $0.file.path.text }),
      variant?.contains(",") != true
    else {
      return leaveOut("its path is not a plain URL", "rename it")
    }
    let name = [subarch.build, subarch.arch, subarch.name].map(\.description)
    let end = [variant].compactMap(\.self)
    let items = try items(of: image)
    let serial = version.date.description.filter { $0 != "-" }
    products[
      (name + end).joined(separator: ":"),
      default: Product(
        aliases: [[name[0], name[2]], name].map { ($0 + end).joined(separator: "/") }.joined(separator: ","),
        arch: architecture, os: source.settings.system ?? source.settings.title, release: name[0],
        releaseTitle: ([name[0], name[2]] + end).joined(separator: " "),
        variant: ([name[2]] + end).joined(separator: "-"))
    ].versions[serial] = Product.Dated(items: items)
    newest = max(newest ?? .min, image.parts.map(\.file.status.identity.modified).max() ?? .min)
    return true
  }

  private mutating func items(of image: Image) throws(MirrorError) -> [String: Item] {
    func item(_ part: Image.Part, _ kind: String) -> Item {
      Item(ftype: kind, path: part.file.path.urlPath, sha256: part.sha256, size: part.file.status.size)
    }
    var items: [String: Item] = [:]
    guard image.isSplit else {
      for kind in ["incus_combined.tar.gz", "lxd_combined.tar.gz"] { items[kind] = item(image.tarball, kind) }
      return items
    }
    for kind in ["incus.tar.xz", "lxd.tar.xz"] {
      var metadata = item(image.tarball, kind)
      if let root = image.root { metadata.squashfs = try combined.digest(image.tarball, root) }
      if let disk = image.disk { metadata.disk = try combined.digest(image.tarball, disk) }
      items[kind] = metadata
    }
    if let root = image.root { items["root.squashfs"] = item(root, "squashfs") }
    if let disk = image.disk { items["disk.qcow2"] = item(disk, "disk-kvm.img") }
    return items
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
    /// Digests of metadata and root, or disk, one after the other.
    var squashfs: String?
    var disk: String?

    private enum CodingKeys: String, CodingKey {
      case ftype, path, sha256, size
      case squashfs = "combined_squashfs_sha256"
      case disk = "combined_disk-kvm-img_sha256"
    }
  }
}
