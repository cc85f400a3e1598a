import CDeflate
import CLZMA
import CLibArchive
import CZlib
import CZstd
package import LinuxSystem

extension LibraryVersion {
  /// The libraries that read archives and compress. libdeflate does not report the version that runs: its version is that of
  /// the build.
  package static var codecs: [LibraryVersion] {
    [
      LibraryVersion("libarchive", number: Int(archive_version_number())),
      LibraryVersion("libdeflate", LIBDEFLATE_VERSION_STRING),
      LibraryVersion("liblzma", lzma_version_string()),
      LibraryVersion("libzstd", ZSTD_versionString()),
      LibraryVersion("zlib", zlibVersion()),
    ]
  }
}
