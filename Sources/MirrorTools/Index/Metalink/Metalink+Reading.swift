import MirrorModel
import Hashing

extension Metalink {
  /// Maximum size of a parsed `.meta4` in bytes.
  static let sizeLimit = 4 << 20

  /// Parses the first file of a metalink, without signature and URLs; nil if there is none, or it has no size
  /// or SHA-256. Pieces that are incomplete or not SHA-256 are ignored.
  init?(reading bytes: [UInt8]) {
    guard bytes.count <= Self.sizeLimit, let parts = MetalinkParts(of: bytes),
      let name = parts.name, let size = parts.size, let sha256 = parts.hashes["sha-256"]
    else { return nil }
    self.init(
      name: name, size: size, sha256: sha256, sha512: parts.hashes["sha-512"],
      pieces: parts.pieces ?? PieceDigests(length: PieceDigests.length(for: size)))
  }
}

/// Parsed elements of a metalink.
private struct MetalinkParts {
  var name: String?
  var size: Int64?
  var hashes: [String: String] = [:]
  var pieces: PieceDigests?
  private var path: [String] = []
  private var type: String?
  private var text = ""

  /// nil if the document is not well-formed.
  init?(of bytes: [UInt8]) {
    guard XMLTextReader.read(bytes, { take($0) }) else { return nil }
  }

  private mutating func take(_ piece: XMLTextReader.Piece) {
    switch piece {
    case .begin(let name, let namespace, let attributes):
      path.append(namespace == Metalink.namespace ? name : "")
      text = ""
      begin(attributes)
    case .text(let part): text += part
    case .end:
      end()
      path.removeLast()
      text = ""
    }
  }

  private mutating func begin(_ attributes: [String: String]) {
    switch path {
    case ["metalink", "file"]: if name == nil { name = attributes["name"] }
    case ["metalink", "file", "hash"]: type = attributes["type"]
    case ["metalink", "file", "pieces"]:
      let length = attributes["length"].flatMap { Int64($0) }
      if pieces == nil, attributes["type"] == "sha-256", let length, length > 0 {
        pieces = PieceDigests(length: length)
      }
    default: break
    }
  }

  private mutating func end() {
    switch path {
    case ["metalink", "file", "size"]: if size == nil { size = Int64(text) }
    case ["metalink", "file", "hash"]:
      if let type, hashes[type] == nil { hashes[type] = text.lowercased() }
    case ["metalink", "file", "pieces", "hash"]:
      guard let digest = SidecarText.digest(Array(text.utf8)[...], .sha256)?[.sha256] else { return }
      pieces?.digests += digest
    default: break
    }
  }
}
