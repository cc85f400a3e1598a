package import LinuxSystem
package import MirrorModel
import CDigestLanes

/// Reads a tarball once for the digests of its pieces and of the whole, which must match the recorded one.
package struct PieceHasher: Sendable {
  private static let bufferBytes = 256 << 10

  private let table: KernelTable
  private let options: HashingOptions
  private let pace: Pace

  package init(_ options: HashingOptions, _ pace: Pace) {
    table = KernelTable(options.instructionSets)
    self.options = options
    self.pace = pace
  }

  /// The result of reading a tarball.
  package struct Result: Sendable {
    package let pieces: PieceDigests
    package let whole: DigestResult
  }

  /// Hashes a tarball; nil if the run is to stop.
  ///
  /// Both digests advance side by side: two streams of the SHA extensions take the time of one.
  package func hash(_ tarball: Tarball, in mirror: borrowing AnchoredDirectory) throws(MirrorError) -> Result?
  {
    let request = DigestRequest(
      path: tarball.path, size: tarball.status.size, device: tarball.status.identity.device,
      algorithms: [.sha256])
    let isStream = table.kernel(.sha256, messages: 2) == nil
    let file = try OpenTarball(0, request, in: mirror, options) { _ in isStream }
    var pieces = PieceDigests(length: PieceDigests.length(for: file.remaining))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferBytes, alignment: 4096)
    defer { buffer.deallocate() }
    var message = try Message(.sha256, asStream: isStream)
    var isEmpty = file.remaining == 0
    while isEmpty || !file.isFinished {
      guard pace.admit(Int(min(Int64(buffer.count), file.remaining))) else { return nil }
      let read = try file.next(in: buffer)
      let start = read.start % pieces.length
      let isEnd = read.isLast || read.end % pieces.length == 0
      let part = Piece(bytes: read.bytes, start: start, isLast: isEnd)
      var lanes: [Lane] = []
      for (one, content) in file.messages.map({ ($0, read) }) + [(message, part)] {
        if let lane = try one.lane(for: content) { lanes.append(lane) }
      }
      table.advance(lanes, .sha256)
      if read.isLast { for whole in file.messages { try whole.finish(read) } }
      if isEnd && !isEmpty {
        try message.finish(part)
        pieces.digests += message.digest ?? []
        message = try Message(.sha256, asStream: isStream)
      }
      isEmpty = false
      pace.read(read.bytes.count)
    }
    pace.finishedFile()
    return Result(pieces: pieces, whole: try file.result())
  }
}
