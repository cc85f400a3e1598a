import LinuxSystem
import CLZMA
import SystemPackage

/// The footers and indexes of an `.xz` file, which liblzma reads from its end to its start.
enum XZEnd {
  /// Maximum memory for an index, in bytes: millions of blocks. A larger one is not checked.
  private static let memory: UInt64 = 64 << 20

  static func isWhole(_ file: borrowing Descriptor, size: Int64) throws(Errno) -> Bool {
    let stream = LZMAStream()
    var index: OpaquePointer?
    // The format allows only multiples of four zeros after a stream; a few more are padding like others.
    let end = size / 4 * 4
    guard try file.bytes(from: end, count: Int(size - end)).allSatisfy({ $0 == 0 }) else { return false }
    guard let length = UInt64(exactly: end),
      lzma_file_info_decoder(stream.raw, &index, memory, length) == LZMA_OK
    else { throw .noMemory }
    defer { lzma_index_end(index, nil) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while true {
      if stream.raw.pointee.avail_in == 0 {
        let count = try file.read(into: buffer, at: offset)
        if count == 0 { return false }
        offset += Int64(count)
        stream.raw.pointee.next_in = UnsafePointer(buffer.bindMemory(to: UInt8.self).baseAddress)
        stream.raw.pointee.avail_in = count
      }
      switch lzma_code(stream.raw, LZMA_RUN) {
      case LZMA_OK: break
      case LZMA_SEEK_NEEDED:
        guard let position = Int64(exactly: stream.raw.pointee.seek_pos) else { return false }
        offset = position
        stream.raw.pointee.avail_in = 0
      case LZMA_STREAM_END, LZMA_MEMLIMIT_ERROR: return true
      case LZMA_MEM_ERROR: throw .noMemory
      default: return false
      }
    }
  }
}
