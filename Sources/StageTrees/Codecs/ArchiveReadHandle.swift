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

  // Nothing is written, so that nothing is lost.
  deinit { _ = archive_read_free(raw) }
}
