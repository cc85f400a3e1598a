import MirrorModel
import LinuxSystem
import Hashing

/// The content of a `.meta4` for one tarball: RFC 5854, The Metalink Download Description Format.
struct Metalink: Hashable, Sendable {
  static let namespace = "urn:ietf:params:xml:ns:metalink"

  /// Name of the tarball.
  var name: String
  /// Size in bytes.
  var size: Int64
  /// Seconds since the epoch; nil if unknown.
  var published: Int64?
  /// Lowercase hexadecimal.
  var sha256: String
  /// Lowercase hexadecimal, if known.
  var sha512: String?
  var pieces: PieceDigests
  /// An armoured OpenPGP signature, if there is one.
  var signature: String?
  /// URLs of the tarball, the best first.
  var urls: [String] = []

  /// The content of the file; equal values give equal bytes.
  func bytes() throws(MirrorError) -> [UInt8] {
    try XMLTextWriter.document { writer throws(MirrorError) in
      try writer.element("metalink", [("xmlns", Self.namespace)]) { () throws(MirrorError) in
        try writer.element("generator", text: IndexMark.text)
        if let published { try writer.element("published", text: UTCText.internet(published)) }
        try writer.element("file", [("name", name)]) { () throws(MirrorError) in try write(to: writer) }
      }
    }
  }

  private func write(to writer: borrowing XMLTextWriter) throws(MirrorError) {
    try writer.element("size", text: String(size))
    try writer.element("hash", [("type", "sha-256")], text: sha256)
    if let sha512 { try writer.element("hash", [("type", "sha-512")], text: sha512) }
    // An empty file has no pieces, and the element must have one.
    if !pieces.digests.isEmpty {
      let attributes = [("length", String(pieces.length)), ("type", "sha-256")]
      try writer.element("pieces", attributes) { () throws(MirrorError) in
        for start in stride(from: 0, to: pieces.digests.count, by: 32) {
          try writer.element("hash", text: hex(pieces.digests[start..<min(start + 32, pieces.digests.count)]))
        }
      }
    }
    if let signature {
      try writer.element("signature", [("mediatype", "application/pgp-signature")], text: signature)
    }
    for (index, url) in urls.enumerated() {
      try writer.element("url", [("priority", String(index + 1))], text: url)
    }
  }

  /// Its digests as a claim about the tarball that it is named after.
  var claim: SidecarText.Claim {
    let digests = [(sha256 as String?, DigestAlgorithm.sha256), (sha512, .sha512)].reduce(DigestSet()) {
      guard let text = $1.0, let digest = SidecarText.digest(Array(text.utf8)[...], $1.1) else { return $0 }
      return $0.merging(digest)
    }
    return SidecarText.Claim(file: nil, digests: digests, size: size)
  }
}
