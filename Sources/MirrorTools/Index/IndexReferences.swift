import MirrorModel
import LinuxSystem

/// The files that one index file refers to.
struct IndexReferences {
  struct Reference: Hashable {
    /// Relative to the root of the mirror.
    let path: MirrorPath
    /// Size in bytes, if the index has one.
    var size: Int64?
    /// Lowercase hexadecimal, if the index has it.
    var sha256: String?
  }

  let references: [Reference]

  /// Whether a file is parsed here. Pages are not: they refer to files that `index` found when it wrote them.
  static func areIn(_ path: MirrorPath) -> Bool {
    ["index.xml", "index.json", ImageStreams.imagesPath].contains(path)
      || LatestList.isOne(path)
  }

  /// Whether a file is the index of a tree of binary packages, which has its own checks.
  static func arePackages(_ path: MirrorPath) -> Bool {
    path.place.isInPackages && path.name == PackagesIndex.fileName
  }

  /// The references in a file for which ``areIn(_:)`` or ``arePackages(_:)`` is true; none for files of others.
  ///
  /// nil for an `index.xml` or `Packages` that is not well-formed.
  init?(_ bytes: [UInt8], at path: MirrorPath) {
    switch path.name {
    case "index.xml":
      guard let references = Self.xml(bytes) else { return nil }
      self.references = references
    case PackagesIndex.fileName where Self.arePackages(path):
      guard let index = PackagesIndex(bytes) else { return nil }
      references = index.entries.map { Reference(path: path.parent.joined($0.path), size: $0.size) }
    case "index.json": references = Self.json(bytes)
    case _ where LatestList.isOne(path): references = Self.list(bytes, in: path.parent)
    default: references = Self.images(bytes)
    }
  }

  private static func xml(_ bytes: [UInt8]) -> [Reference]? {
    var references: [Reference] = []
    let isWhole = XMLTextReader.read(bytes) { piece in
      guard case .begin("build", _, let attributes) = piece else { return }
      if let path = attributes["download"] {
        references.append(
          Reference(
            path: unrooted(MirrorPath(path)), size: attributes["bytes"].flatMap { Int64($0) },
            sha256: attributes["sha256"]))
      }
      for name in ["signature", "provenance", "spdx", "cyclonedx"] {
        if let path = attributes[name] { references.append(Reference(path: unrooted(MirrorPath(path)))) }
      }
    }
    return isWhole ? references : nil
  }

  private static func json(_ bytes: [UInt8]) -> [Reference] {
    guard let document = OutsideJSON.decode(IndexDocument.self, from: bytes) else { return [] }
    return document.subarches.flatMap(\.builds).flatMap { build in
      [Reference(path: unrooted(build.download), size: build.bytes, sha256: build.sha256)]
        + [build.signature, build.provenance, build.spdx, build.cyclonedx].compactMap { path in
          path.map { Reference(path: unrooted($0)) }
        }
    }
  }

  /// Lines with a path and a size; lines that begin with `#` are comments.
  private static func list(_ bytes: [UInt8], in folder: MirrorPath) -> [Reference] {
    guard IndexMark.isIn(bytes) else { return [] }
    return ClearText.body(of: bytes).split(separator: UInt8(ascii: "\n")).filter {
      $0.first != UInt8(ascii: "#")
    }.map { line in
      let fields = line.split(separator: UInt8(ascii: " "))
      return Reference(
        path: folder.joined(MirrorPath(bytes: Array(fields.first ?? []))),
        size: fields.dropFirst().first.flatMap { Int64(String(decoding: $0, as: UTF8.self)) })
    }
  }

  private static func images(_ bytes: [UInt8]) -> [Reference] {
    guard let images = OutsideJSON.decode(Images.self, from: bytes),
      images.creator == IndexMark.text
    else { return [] }
    return images.products.values.flatMap(\.versions.values).flatMap(\.items.values).map {
      Reference(path: MirrorPath($0.path), size: $0.size, sha256: $0.sha256)
    }
  }

  /// The parsed part of `images.json`.
  private struct Images: Decodable {
    struct Product: Decodable { let versions: [String: Version] }
    struct Version: Decodable { let items: [String: Item] }
    struct Item: Decodable {
      let path: String
      let size: Int64
      let sha256: String
    }

    let creator: String
    let products: [String: Product]
  }

  /// Paths in indexes begin with `/`.
  private static func unrooted(_ path: MirrorPath) -> MirrorPath {
    MirrorPath(bytes: Array(path.bytes.drop { $0 == UInt8(ascii: "/") }))
  }
}
