package import LinuxSystem
package import MirrorModel
import COpenSSL
import SystemPackage

/// One running digest of OpenSSL's EVP.
package struct OpenSSLDigest: ~Copyable {
  private let context: OpaquePointer
  private let algorithm: DigestAlgorithm

  package init(_ algorithm: DigestAlgorithm) throws(MirrorError) {
    context = try Self.begun(algorithm)
    self.algorithm = algorithm
  }

  deinit { EVP_MD_CTX_free(context) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw Self.fault(algorithm) }
  }

  /// The digest of all bytes so far; the value can then be used for another content.
  package mutating func finish() throws(MirrorError) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &count) == 1, Int(count) == algorithm.length,
      EVP_DigestInit_ex(context, Self.method(algorithm), nil) == 1
    else { throw Self.fault(algorithm) }
    return Array(digest.prefix(Int(count)))
  }

  /// SHA-256 of a small content.
  package static func sha256(of bytes: [UInt8]) throws(MirrorError) -> [UInt8] {
    let result: Result<[UInt8], MirrorError> = bytes.withUnsafeBytes { buffer in
      do throws(MirrorError) {
        var digest = try OpenSSLDigest(.sha256)
        try digest.update(buffer)
        return .success(try digest.finish())
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// The SHA-256 of a whole file that is open.
  ///
  /// - Parameter name: of the file, for messages.
  /// - Returns: also what the file is.
  /// - Throws: if it cannot be read, or changes meanwhile.
  package static func sha256(
    of file: borrowing Descriptor, _ name: String
  ) throws(MirrorError) -> (digest: [UInt8], status: FileStatus) {
    let before = try attempt("examine", name) { () throws(Errno) in try file.status() }
    let digest = try digest(.sha256, of: file, size: before.size, name)
    let after = try attempt("examine", name) { () throws(Errno) in try file.status() }
    guard after.identity == before.identity else {
      throw MirrorError(.changed, name, "changed while it was read", remedy: "run the command again")
    }
    return (digest, before)
  }

  /// The digest of an open file of this size.
  ///
  /// - Parameter name: of the file, for messages.
  package static func digest(
    _ algorithm: DigestAlgorithm, of file: borrowing Descriptor, size: Int64, _ name: String
  ) throws(MirrorError) -> [UInt8] {
    var digest = try OpenSSLDigest(algorithm)
    var offset: Int64 = 0
    while offset < size {
      let start = offset
      let count = Int(min(size - start, 1 << 20))
      let bytes = try attempt("read", name) { () throws(Errno) in try file.bytes(from: start, count: count) }
      guard !bytes.isEmpty else { throw MirrorError(.changed, name, "became shorter while it was read") }
      let fault = bytes.withUnsafeBytes { buffer -> MirrorError? in
        do throws(MirrorError) {
          try digest.update(buffer)
          return nil
        } catch { return error }
      }
      if let fault { throw fault }
      offset += Int64(bytes.count)
    }
    return try digest.finish()
  }

  private static func begun(_ algorithm: DigestAlgorithm) throws(MirrorError) -> OpaquePointer {
    guard let context = EVP_MD_CTX_new() else { throw fault(algorithm) }
    if EVP_DigestInit_ex(context, method(algorithm), nil) == 1 { return context }
    EVP_MD_CTX_free(context)
    throw fault(algorithm)
  }

  private static func method(_ algorithm: DigestAlgorithm) -> OpaquePointer? {
    switch algorithm {
    case .sha256: EVP_sha256()
    case .sha512: EVP_sha512()
    case .blake2b: EVP_blake2b512()
    }
  }

  private static func fault(_ algorithm: DigestAlgorithm) -> MirrorError {
    var text = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(ERR_get_error(), &text, text.count)
    let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return MirrorError(.library, algorithm.rawValue, "OpenSSL cannot compute it: \(reason)")
  }
}
