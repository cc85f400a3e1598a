import Hashing
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// SHA-256 of two files one after the other, by which clients of LXD and Incus know a split image.
///
/// Those in the list of images that mirrorctl wrote before are used again, so that an image is read only once.
struct CombinedDigests {
  private let anchor: Shared<AnchoredDirectory>
  /// By the digests of both files.
  private var known: [Pair: String] = [:]

  private struct Pair: Hashable {
    let (first, second): (String, String)
  }

  /// What an older list says about its images.
  private struct Known: Decodable {
    let products: [String: Product]

    struct Product: Decodable {
      let versions: [String: Dated]
    }

    struct Dated: Decodable {
      let items: [String: Item]
    }

    struct Item: Decodable {
      let ftype: String
      let sha256: String
      let squashfs: String?
      let disk: String?

      private enum CodingKeys: String, CodingKey {
        case ftype, sha256
        case squashfs = "combined_squashfs_sha256"
        case disk = "combined_disk-kvm-img_sha256"
      }
    }
  }

  /// - Parameter list: the list of images, which may not exist yet.
  init(root: FilePath, list: MirrorPath) throws(MirrorError) {
    anchor = Shared(try AnchoredDirectory(root: root))
    guard IndexMark.isThere(list, anchor.value),
      let text = try? anchor.value.contents(of: list, limit: 64 << 20),
      let old = OutsideJSON.decode(Known.self, from: text)
    else { return }
    for items in old.products.values.flatMap(\.versions.values).map(\.items.values) {
      let files = Dictionary(items.map { ($0.ftype, $0) }) { first, _ in first }
      for item in items {
        let combined = [("squashfs", item.squashfs), ("disk-kvm.img", item.disk)]
        for case (let kind, .some(let digest)) in combined {
          guard let other = files[kind] else { continue }
          known[Pair(first: item.sha256, second: other.sha256)] = digest
        }
      }
    }
  }

  /// The digest of two files with these digests of their own.
  mutating func digest(
    _ first: (file: Tarball, sha256: String), _ second: (file: Tarball, sha256: String)
  ) throws(MirrorError) -> String {
    let pair = Pair(first: first.sha256, second: second.sha256)
    if let known = known[pair] { return known }
    var hash = try OpenSSLDigest(.sha256)
    let buffer = ChunkBuffer(count: 1 << 20)
    for (file, _) in [first, second] {
      let subject = anchor.value.displayed(file.path)
      let content = try anchor.value.file(file.path)
      var offset: Int64 = 0
      while offset < file.status.size {
        let count = try attempt("read", subject) { () throws(Errno) in
          try content.read(into: buffer.bytes, at: offset)
        }
        if count == 0 {
          throw MirrorError(.changed, subject, "changed while it was read", remedy: "run again")
        }
        try hash.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        offset += Int64(count)
      }
    }
    let digest = hex(try hash.finish())
    known[pair] = digest
    return digest
  }
}
