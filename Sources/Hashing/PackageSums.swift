package import LinuxSystem
import COpenSSL
import SystemPackage

/// The digests that Portage's index of binary packages contains. They find damage, and do not protect against
/// forgery.
package struct PackageSums: Hashable, Sendable {
  package let md5: [UInt8]
  package let sha1: [UInt8]

  /// The sums of an open file of this size.
  ///
  /// - Parameter name: of the file, for messages.
  package static func of(
    _ file: borrowing Descriptor, size: Int64, _ name: String, _ cancellation: Cancellation
  ) throws(MirrorError) -> PackageSums {
    guard let first = EVP_MD_CTX_new() else { throw fault() }
    defer { EVP_MD_CTX_free(first) }
    guard let second = EVP_MD_CTX_new() else { throw fault() }
    defer { EVP_MD_CTX_free(second) }
    guard EVP_DigestInit_ex(first, EVP_md5(), nil) == 1, EVP_DigestInit_ex(second, EVP_sha1(), nil) == 1
    else {
      throw fault()
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while offset < size {
      try cancellation.check()
      let count: Int
      do throws(Errno) { count = try file.read(into: buffer, at: offset) } catch {
        throw .system(error, "read", name)
      }
      guard count > 0 else { throw MirrorError(.changed, name, "became shorter while it was read") }
      guard EVP_DigestUpdate(first, buffer.baseAddress, count) == 1,
        EVP_DigestUpdate(second, buffer.baseAddress, count) == 1
      else { throw fault() }
      offset += Int64(count)
    }
    return PackageSums(md5: try finish(first), sha1: try finish(second))
  }

  private static func finish(_ context: OpaquePointer) throws(MirrorError) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &count) == 1 else { throw fault() }
    return Array(digest.prefix(Int(count)))
  }

  private static func fault() -> MirrorError {
    MirrorError(
      .library, "MD5 and SHA1", "OpenSSL cannot compute them", remedy: "check its configuration (FIPS mode)")
  }
}
