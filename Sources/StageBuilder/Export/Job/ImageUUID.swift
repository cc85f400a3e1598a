import Hashing
import LinuxSystem

/// UUIDs in images: equal input gives equal bytes.
enum ImageUUID {
  /// A UUID of version 8, made by an application's own rules (RFC 9562), that depends only on these bytes.
  static func of(_ seed: [UInt8]) throws(MirrorError) -> String {
    var bytes = Array(try OpenSSLDigest.sha256(of: seed).prefix(16))
    bytes[6] = bytes[6] & 0x0f | 0x80
    bytes[8] = bytes[8] & 0x3f | 0x80
    return text(bytes)
  }

  /// The usual text of 16 bytes.
  static func text(_ bytes: [UInt8]) -> String {
    let digits = Array(hex(bytes))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }
}
