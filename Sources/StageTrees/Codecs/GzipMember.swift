import CDeflate
import LinuxSystem

/// A member of a gzip file; only the thread that fills, compresses or writes it may touch it.
final class GzipMember: @unchecked Sendable {
  /// Larger ones would compress less than 1% better.
  private static let size = 1 << 20

  private let compressor: OpaquePointer
  private let input = ChunkBuffer(count: size)
  private let compressed: ChunkBuffer
  private var filled = 0
  private var count = 0

  /// nil if there is not enough memory.
  init?(level: Int32) {
    guard let compressor = libdeflate_alloc_compressor(level) else { return nil }
    self.compressor = compressor
    compressed = ChunkBuffer(count: libdeflate_gzip_compress_bound(compressor, Self.size))
  }

  deinit { libdeflate_free_compressor(compressor) }

  var isFull: Bool { filled == Self.size }

  /// The compressed bytes; empty if that failed.
  var output: UnsafeRawBufferPointer { compressed.prefix(count) }

  /// Takes as many bytes as fit; returns their number.
  func fill(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, Self.size - filled)
    UnsafeMutableRawBufferPointer(rebasing: input.bytes[filled...])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    filled += count
    return count
  }

  /// Compresses what it was filled with; its header has neither time nor name.
  func compress() {
    count = libdeflate_gzip_compress(
      compressor, input.bytes.baseAddress, filled, compressed.bytes.baseAddress, compressed.bytes.count)
  }

  func clear() { (filled, count) = (0, 0) }
}
