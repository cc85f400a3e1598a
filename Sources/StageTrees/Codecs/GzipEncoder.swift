package import LinuxSystem
import SystemPackage

/// gzip with libdeflate: members of 1 MiB each, compressed in parallel.
///
/// Every decoder reads members one after the other (RFC 1952, section 2.2). The output does not depend on the
/// number of threads.
package struct GzipEncoder: StreamEncoder, ~Copyable {
  private let members: GzipMembers
  private let sink: any ByteSink
  private let subject: String
  private let cancellation: Cancellation
  /// Number of members that were begun.
  private var count = 1
  /// Number of members that were written.
  private var written = 0

  /// - Parameters:
  ///   - threads: at most this many; with one, the calling thread compresses.
  ///   - subject: the path in errors.
  package init(
    level: Int, threads: Int, into sink: any ByteSink, subject: String, cancellation: Cancellation
  ) throws(MirrorError) {
    guard let members = GzipMembers(level: Int32(clamping: level), threads: min(max(1, threads), 64)) else {
      throw .system(.noMemory, "compress", subject)
    }
    members.start()
    self.members = members
    self.sink = sink
    self.subject = subject
    self.cancellation = cancellation
  }

  deinit { members.end() }

  package mutating func encode(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    var rest = bytes
    while !rest.isEmpty {
      if members[count - 1].isFull { try beginMember() }
      rest = UnsafeRawBufferPointer(rebasing: rest[members[count - 1].fill(rest)...])
    }
  }

  package mutating func finish() throws(MirrorError) {
    members.compress(count - 1)
    while written < count { try writeMember() }
  }

  private mutating func beginMember() throws(MirrorError) {
    try cancellation.check(compressing: subject)
    members.compress(count - 1)
    if count - written == members.capacity { try writeMember() }
    count += 1
  }

  /// Writes the oldest member, and makes room for another.
  private mutating func writeMember() throws(MirrorError) {
    members.waitFor(written)
    let member = members[written]
    guard !member.output.isEmpty else {
      throw MirrorError(.library, subject, "libdeflate cannot compress it")
    }
    try sink.write(member.output)
    member.clear()
    written += 1
  }
}

/// The members that are filled, compressed or waiting to be written, and the threads that compress them.
private final class GzipMembers: Sendable {
  private struct State {
    /// Numbers of members that no thread compresses yet.
    var waiting: [Int] = []
    var compressed: Set<Int> = []
    var threads = 0
    var isOver = false
  }

  private let members: [GzipMember]
  private let threads: Int
  private let state = Monitor(State())

  /// nil if there is not enough memory.
  init?(level: Int32, threads: Int) {
    self.threads = threads
    let count = threads == 1 ? 1 : threads + 2
    members = (0..<count).compactMap { _ in GzipMember(level: level) }
    guard members.count == count else { return nil }
  }

  /// Number of members that exist at once; later ones use their memory.
  var capacity: Int { members.count }

  /// A member by its number in the stream.
  subscript(number: Int) -> GzipMember { members[number % capacity] }

  /// Starts the threads; if there can be none, the calling thread compresses.
  func start() {
    guard threads > 1 else { return }
    for _ in 0..<threads where BackgroundThread.start({ [self] in run() }) {
      state.withLock { $0.threads += 1 }
    }
  }

  /// Ends the threads.
  func end() { state.withLock { $0.isOver = true } }

  /// Has a member compressed.
  func compress(_ number: Int) {
    let isQueued = state.withLock { state in
      if state.threads > 0 { state.waiting.append(number) }
      return state.threads > 0
    }
    if !isQueued { compressNow(number) }
  }

  /// Waits until a member is compressed.
  func waitFor(_ number: Int) {
    _ = state.wait { $0.compressed.remove(number) }
  }

  private func compressNow(_ number: Int) {
    self[number].compress()
    state.withLock { _ = $0.compressed.insert(number) }
  }

  private func run() {
    while let number = next() { compressNow(number) }
  }

  /// Waits for a member to compress; nil at the end.
  private func next() -> Int? {
    let next: Result<Int?, Never> = state.wait { state in
      if state.isOver { return .success(nil) }
      guard !state.waiting.isEmpty else { return nil }
      return .success(state.waiting.removeFirst())
    }
    return next.get()
  }
}
