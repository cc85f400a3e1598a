import LinuxSystem
import MirrorModel
import Hashing

/// Several digests of one stream.
struct StreamDigester: ~Copyable {
  private var sha256: OpenSSLDigest?
  private var sha512: OpenSSLDigest?
  private var blake2b: OpenSSLDigest?

  init(_ algorithms: [DigestAlgorithm]) throws(MirrorError) {
    sha256 = algorithms.contains(.sha256) ? try OpenSSLDigest(.sha256) : nil
    sha512 = algorithms.contains(.sha512) ? try OpenSSLDigest(.sha512) : nil
    blake2b = algorithms.contains(.blake2b) ? try OpenSSLDigest(.blake2b) : nil
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    try sha256?.update(bytes)
    try sha512?.update(bytes)
    try blake2b?.update(bytes)
  }

  /// The digests of all bytes so far.
  mutating func finish() throws(MirrorError) -> DigestSet {
    var digests = DigestSet()
    digests[.sha256] = try sha256?.finish()
    digests[.sha512] = try sha512?.finish()
    digests[.blake2b] = try blake2b?.finish()
    return digests
  }
}
