import LinuxSystem
import MirrorModel
import CDigestLanes

/// One digest of one tarball, computed in a lane of a kernel or by OpenSSL.
final class Message {
  let algorithm: DigestAlgorithm
  /// The lane's chaining value; OpenSSL keeps its own.
  let state: UnsafeMutablePointer<cdl_state>
  private var stream: OpenSSLDigest?
  /// Number of bytes hashed so far.
  private var hashed: Int64 = 0
  private(set) var digest: [UInt8]?

  init(_ algorithm: DigestAlgorithm, asStream: Bool) throws(MirrorError) {
    self.algorithm = algorithm
    stream = asStream ? try OpenSSLDigest(algorithm) : nil
    state = .allocate(capacity: 1)
    cdl_begin(algorithm.lanes, state)
  }

  deinit { state.deallocate() }

  /// The kernels' work for the next piece of the content; nil if there is none, or OpenSSL has done it.
  func lane(for piece: Piece) throws(MirrorError) -> Lane? {
    // A digest with a gap would be worse than none.
    guard hashed == piece.start else {
      throw MirrorError(.library, algorithm.rawValue, "lost its position", remedy: "report this bug")
    }
    hashed = piece.end
    if stream != nil {
      try stream?.update(piece.bytes)
      return nil
    }
    guard let data = piece.bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return nil }
    let blocks = (piece.bytes.count - piece.tailBytes(algorithm)) / algorithm.blockBytes
    return blocks > 0 ? Lane(state: state, data: data, blocks: blocks) : nil
  }

  /// Hashes the end of the last piece, which the kernels left.
  func finish(_ piece: Piece) throws(MirrorError) {
    if stream != nil {
      digest = try stream?.finish()
      return
    }
    let tail = UnsafeRawBufferPointer(rebasing: piece.bytes.suffix(piece.tailBytes(algorithm)))
    var digest = [UInt8](repeating: 0, count: algorithm.length)
    cdl_finish(
      algorithm.lanes, state, tail.assumingMemoryBound(to: UInt8.self).baseAddress, tail.count,
      UInt64(clamping: piece.end), &digest)
    self.digest = digest
  }
}

/// A piece of a tarball's content, in a buffer of its reader.
struct Piece {
  let bytes: UnsafeRawBufferPointer
  /// Its offset in the file, in bytes.
  let start: Int64
  /// Whether it is the end of the file. Other pieces are complete blocks of every algorithm.
  let isLast: Bool

  var end: Int64 { start + Int64(bytes.count) }

  /// The number of bytes at the file's end that kernels must not hash: at most one block, and at least one
  /// byte, since BLAKE2b marks its last block.
  func tailBytes(_ algorithm: DigestAlgorithm) -> Int {
    guard isLast, !bytes.isEmpty else { return 0 }
    let rest = bytes.count % algorithm.blockBytes
    return rest == 0 ? algorithm.blockBytes : rest
  }
}
