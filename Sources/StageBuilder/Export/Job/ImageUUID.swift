import Hashing
import LinuxSystem

/// The UUID of a file system in an image: equal input gives equal bytes.
enum ImageUUID {
  /// A UUID of version 8 (RFC 9562) that depends only on the time of the image and on what it is for.
  static func of(_ use: String, epoch: Int64) throws(MirrorError) -> String {
    var bytes = Array(try OpenSSLDigest.sha256(of: Array("mirrorctl export \(use) \(epoch)".utf8)).prefix(16))
    bytes[6] = bytes[6] & 0x0f | 0x80
    bytes[8] = bytes[8] & 0x3f | 0x80
    let digits = Array(hex(bytes))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }
}
