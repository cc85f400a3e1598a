import MirrorModel
import LinuxSystem
import SystemPackage

/// A tarball that is being hashed.
///
/// Only one thread has it at a time: the pool hands it out and takes it back.
final class OpenTarball: Unfinished, @unchecked Sendable {
  /// Its index in the run's requests.
  let index: Int
  let messages: [Message]
  private let path: String
  private let file: Descriptor
  private let identity: FileIdentity
  private var offset: Int64 = 0
  private var cache: CacheKeeper?
  private var windows: FileWindows?
  private var judge: (any StreamJudge)?

  /// Opens a tarball; `isStream` selects the digests that OpenSSL computes.
  init(
    _ index: Int, _ request: DigestRequest, in mirror: borrowing AnchoredDirectory, _ options: HashingOptions,
    isStream: (DigestAlgorithm) -> Bool
  ) throws(MirrorError) {
    self.index = index
    path = mirror.displayed(request.path)
    file = try mirror.file(request.path)
    identity = try Self.settledIdentity(of: file, path)
    cache = options.dropsCache ? CacheKeeper(of: file, size: identity.size) : nil
    // Mapped pages cannot be evicted.
    windows = options.mapsFiles && !options.dropsCache ? FileWindows(size: identity.size) : nil
    var messages: [Message] = []
    for algorithm in DigestAlgorithm.allCases where request.algorithms.contains(algorithm) {
      messages.append(try Message(algorithm, asStream: isStream(algorithm)))
    }
    self.messages = messages
    judge = request.judge
    if identity.size > Self.smallBytes { file.adviseSequential() }
  }

  deinit { cache?.restore(file, upTo: identity.size) }

  /// Smaller files, in bytes, are not worth advice to the kernel.
  private static let smallBytes: Int64 = 128 << 10

  /// Bytes not yet read.
  var remaining: Int64 { identity.size - offset }

  /// Whether all digests are finished.
  var isFinished: Bool { messages.allSatisfy { $0.digest != nil } }

  /// The next piece, at most as large as the buffer, which holds complete blocks: where it is cached, or else
  /// read into the buffer.
  ///
  /// It is valid until the next one is taken. Its content is not certain before `result` confirms it.
  func next(in buffer: UnsafeMutableRawBufferPointer) throws(MirrorError) -> Piece {
    try confirm()
    guard let bytes = windows?.bytes(of: file, from: offset, atMost: buffer.count) else {
      return try read(into: buffer)
    }
    return pass(bytes)
  }

  /// Ends what only the thread needs that hashes it now.
  func pause() throws(MirrorError) {
    try confirm()
    windows?.close()
  }

  /// Reads the next piece: as much as fits into the buffer, or all that is left. The buffer holds complete
  /// blocks.
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
    return pass(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
  }

  private func pass(_ bytes: UnsafeRawBufferPointer) -> Piece {
    let end = offset + Int64(bytes.count)
    let piece = Piece(bytes: bytes, start: offset, isLast: end == identity.size)
    offset = end
    judge?.take(piece.bytes)
    cache?.restore(file, upTo: offset)
    return piece
  }

  /// The digests, if the file is unchanged since it was opened.
  func result() throws(MirrorError) -> DigestResult {
    try confirm()
    let after = try attempt("examine", path) { () throws(Errno) in try file.status().identity }
    let fault = try attempt("read", path) { () throws(Errno) in
      try judge?.fault(of: file, size: identity.size)
    }
    guard after == identity else { throw changed }
    var digests = DigestSet()
    for message in messages { digests[message.algorithm] = message.digest }
    return DigestResult(digests: digests, identity: after, fault: fault)
  }

  /// Throws if zeros were hashed in place of mapped content: the file became shorter, or cannot be read.
  private func confirm() throws(MirrorError) {
    guard let range = windows?.fault else { return }
    let content = try attempt("read", path) { () throws(Errno) in
      try file.bytes(from: range.lowerBound, count: range.count)
    }
    let now = try attempt("examine", path) { () throws(Errno) in try file.status().identity }
    guard content.count == range.count, now == identity else { throw changed }
    throw .system(.ioError, "read", path)
  }

  private var changed: MirrorError {
    MirrorError(.changed, path, "changed during hashing", remedy: "run again when nothing writes to it")
  }

  /// The file's identity, taken when its last change is old enough that another change would be visible.
  ///
  /// A write within the same tick as the previous one leaves the same times. Everything written before a run
  /// began is old enough after one tick, so a run waits no longer than that.
  private static func settledIdentity(
    of file: borrowing Descriptor, _ path: String
  ) throws(MirrorError) -> FileIdentity {
    let status = try attempt("examine", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.changed, path, "is no longer a regular file", remedy: "run again")
    }
    let age = SystemClock.nanoseconds &- status.identity.ctime
    let tick = status.identity.tick
    guard (0..<tick).contains(age) else { return status.identity }
    // A little longer than the tick: the kernel's clock lags behind.
    SystemClock.pause(microseconds: UInt32(clamping: (tick - age) / 1000 + 20_000))
    return try attempt("examine", path) { () throws(Errno) in try file.status().identity }
  }
}
