import CLZMA
import LinuxSystem
import SystemPackage

/// The only owner of liblzma's state, which must not move.
struct LZMAStream: ~Copyable {
  let raw: UnsafeMutablePointer<lzma_stream>

  init() {
    raw = .allocate(capacity: 1)
    raw.initialize(to: lzma_stream())
  }

  deinit {
    lzma_end(raw)
    raw.deallocate()
  }
}

extension MirrorError {
  /// liblzma reports a thread that cannot be created as a lack of memory.
  static func xzMemory(_ operation: String, _ subject: String) -> MirrorError {
    MirrorError(
      .system(.noMemory), subject, "cannot \(operation): out of memory, or liblzma cannot start a thread",
      remedy: "free some memory, or raise the limit of processes and threads (ulimit -u)")
  }
}
