import Glibc

/// Buffers of bytes on their way from one thread to another, few at a time.
///
/// One thread fills and one empties. A fault on the filling side arrives after what was sent before it, so that
/// the same damaged input stops at the same place in every run; a fault on the emptying side stops the other at
/// once.
package final class ChunkPipe: @unchecked Sendable {
  /// A buffer that its holder alone may touch until it sends or returns it.
  package struct Chunk {
    fileprivate let index: Int
    package let bytes: UnsafeMutableRawBufferPointer
  }

  private struct State {
    var free: [Int]
    var filled: [(index: Int, count: Int)] = []
    var isFinished = false
    var fillingFault: MirrorError?
    var emptyingFault: MirrorError?
  }

  private let buffers: [UnsafeMutableRawBufferPointer]
  private let state: Monitor<State>
  /// What the emptying thread holds; no other touches it.
  private var held: Int?

  package init(chunks: Int, bytes: Int) {
    buffers = (0..<chunks).map { _ in .allocate(byteCount: bytes, alignment: 4096) }
    state = Monitor(State(free: Array(0..<chunks)))
  }

  deinit { for buffer in buffers { buffer.deallocate() } }

  /// Waits for a buffer to fill.
  ///
  /// - Throws: the fault of whoever empties.
  package func vacant() throws(MirrorError) -> Chunk {
    let result: Result<Int, MirrorError> = state.wait { state in
      if let fault = state.emptyingFault { return .failure(fault) }
      return state.free.popLast().map { .success($0) }
    }
    let index = try result.get()
    return Chunk(index: index, bytes: buffers[index])
  }

  /// Hands over the first `count` bytes of a buffer.
  package func send(_ chunk: Chunk, count: Int) {
    state.withLock { state in
      if count > 0 { state.filled.append((chunk.index, count)) } else { state.free.append(chunk.index) }
    }
  }

  /// Says that all was sent.
  package func finish() { state.withLock { $0.isFinished = true } }

  /// Says that no more can be sent.
  package func fail(_ error: MirrorError) { state.withLock { $0.fillingFault = $0.fillingFault ?? error } }

  /// Says that no more will be taken.
  package func abandon(_ error: MirrorError) {
    state.withLock { $0.emptyingFault = $0.emptyingFault ?? error }
  }

  /// Waits for the next bytes, valid until the next call; nil at the end.
  ///
  /// - Throws: the fault of whoever fills.
  package func next() throws(MirrorError) -> UnsafeRawBufferPointer? {
    if let held {
      state.withLock { $0.free.append(held) }
      self.held = nil
    }
    let result: Result<(index: Int, count: Int)?, MirrorError> = state.wait { state in
      if !state.filled.isEmpty { return .success(state.filled.removeFirst()) }
      if let fault = state.fillingFault { return .failure(fault) }
      return state.isFinished ? .success(nil) : nil
    }
    guard let filled = try result.get() else { return nil }
    held = filled.index
    return UnsafeRawBufferPointer(rebasing: buffers[filled.index][..<filled.count])
  }
}
