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

  deinit { archive_read_free(raw) }
}
