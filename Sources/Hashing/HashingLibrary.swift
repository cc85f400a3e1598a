import COpenSSL
package import LinuxSystem

extension LibraryVersion {
  /// The library that computes digests where no vector kernel is faster.
  package static var hashing: [LibraryVersion] {
    [LibraryVersion("libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING))]
  }
}
