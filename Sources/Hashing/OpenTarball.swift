import MirrorModel
import LinuxSystem
import SystemPackage

/// A tarball that is being hashed.
///
/// One thread has it at a time: the pool hands it out and takes it back.
final class OpenTarball: Unfinished, @unchecked Sendable {
  /// Among the run's requests.
  let index: Int
  let messages: [Message]
  private let path: String
  private let file: Descriptor
  private let identity: FileIdentity
  private var offset: Int64 = 0
  private var cache: CacheKeeper?
  private var judge: (any StreamJudge)?

  /// Opens a tarball; `isStream` tells which digests OpenSSL is to make.
  init(
    _ index: Int, _ request: DigestRequest, in mirror: borrowing AnchoredDirectory, droppingCache: Bool,
    isStream: (DigestAlgorithm) -> Bool
  ) throws(MirrorError) {
    self.index = index
    path = mirror.displayed(request.path)
    file = try mirror.file(request.path)
    identity = try Self.settledIdentity(of: file, path)
    cache = droppingCache ? CacheKeeper(of: file, size: identity.size) : nil
    var messages: [Message] = []
    for algorithm in DigestAlgorithm.allCases where request.algorithms.contains(algorithm) {
      messages.append(try Message(algorithm, asStream: isStream(algorithm)))
    }
    self.messages = messages
    judge = request.judge
    if identity.size > Self.smallBytes { file.adviseSequential() }
  }

  deinit { cache?.restore(file, upTo: identity.size) }

  /// A file of so many bytes is not worth advice.
  private static let smallBytes: Int64 = 128 << 10

  /// Bytes not yet read.
  var remaining: Int64 { identity.size - offset }

  /// Whether all was hashed.
  var isFinished: Bool { messages.allSatisfy { $0.digest != nil } }

  /// Reads on: as much as the buffer takes, or all that is left. The buffer is whole blocks.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Piece {
    let wanted = Int(min(Int64(buffer.count), remaining))
    var filled = 0
    while filled < wanted {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<wanted])
      let position = offset + Int64(filled)
      let count = try attempt("read", path) { () throws(Errno) in try file.read(into: rest, at: position) }
      guard count > 0 else { throw changed }
      filled += count
    }
    let piece = Piece(
      bytes: UnsafeRawBufferPointer(rebasing: buffer[..<filled]), start: offset,
      isLast: offset + Int64(filled) == identity.size)
    offset += Int64(filled)
    judge?.take(piece.bytes)
    cache?.restore(file, upTo: offset)
    return piece
  }

  /// The digests, if the file is still what it was when it was opened.
  func result() throws(MirrorError) -> DigestResult {
    let after = try attempt("look at", path) { () throws(Errno) in try file.status().identity }
    let fault = try attempt("read", path) { () throws(Errno) in
      try judge?.fault(of: file, size: identity.size)
    }
    guard after == identity else { throw changed }
    var digests = DigestSet()
    for message in messages { digests[message.algorithm] = message.digest }
    return DigestResult(digests: digests, identity: after, fault: fault)
  }

  private var changed: MirrorError {
    MirrorError(.changed, path, "changed while it was hashed", remedy: "run again when it is finished")
  }

  /// The file's identity, taken when its last change is long enough ago that another would show.
  ///
  /// A write within the same tick as the one before it leaves the same times. All that was written before a run
  /// began is old enough once one tick is over, so that a run waits for no more than that.
  private static func settledIdentity(
    of file: borrowing Descriptor, _ path: String
  ) throws(MirrorError) -> FileIdentity {
    let status = try attempt("look at", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.changed, path, "is no longer a regular file", remedy: "run again")
    }
    let age = SystemClock.nanoseconds &- status.identity.ctime
    let tick = status.identity.tick
    guard (0..<tick).contains(age) else { return status.identity }
    // A little longer than the tick: the kernel's clock lags behind.
    SystemClock.pause(microseconds: UInt32(clamping: (tick - age) / 1000 + 20_000))
    return try attempt("look at", path) { () throws(Errno) in try file.status().identity }
  }
}
