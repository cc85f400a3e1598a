import LinuxSystem
import CLibArchive
import SystemPackage

/// The only owner of a libarchive reader.
struct ArchiveReadHandle: ~Copyable {
  let raw: OpaquePointer

  init(subject: String) throws(MirrorError) {
    guard let raw = archive_read_new() else { throw .system(.noMemory, "read", subject) }
    self.raw = raw
  }

  /// Reads the next header, as `archive_read_next_header(3)` does.
  func nextHeader(_ entry: inout OpaquePointer?) -> Int32 {
    // libarchive takes what an earlier call left in errno for the reason why a name cannot be converted: ENOMEM is fatal.
    clearErrno()
    return archive_read_next_header(raw, &entry)
  }

  // Nothing is written, so that nothing is lost.
  deinit { _ = archive_read_free(raw) }
}
