import CLZMA

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
