import Glibc

/// Passes buffers of bytes from one thread to another, a few at a time.
///
/// One thread fills and one empties. An error of the filling thread arrives after the data sent before it, so
/// that the same damaged input stops at the same place in every run; an error of the emptying thread stops
/// the other at once.
package final class ChunkPipe: @unchecked Sendable {
  /// A buffer that only its holder may touch until it is sent or returned.
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
  /// The buffer of the emptying thread; no other thread touches it.
  private var held: Int?

  package init(chunks: Int, bytes: Int) {
    buffers = (0..<chunks).map { _ in .allocate(byteCount: bytes, alignment: 4096) }
    state = Monitor(State(free: Array(0..<chunks)))
  }

  deinit { for buffer in buffers { buffer.deallocate() } }

  /// Waits for a buffer to fill.
  ///
  /// - Throws: the error of the emptying thread.
  package func vacant() throws(MirrorError) -> Chunk {
    let result: Result<Int, MirrorError> = state.wait { state in
      if let fault = state.emptyingFault { return .failure(fault) }
      return state.free.popLast().map { .success($0) }
    }
    let index = try result.get()
    return Chunk(index: index, bytes: buffers[index])
  }

  /// Sends the first `count` bytes of a buffer.
  package func send(_ chunk: Chunk, count: Int) {
    state.withLock { state in
      if count > 0 { state.filled.append((chunk.index, count)) } else { state.free.append(chunk.index) }
    }
  }

  /// Marks the end of the data.
  package func finish() { state.withLock { $0.isFinished = true } }

  /// Reports that no more can be sent.
  package func fail(_ error: MirrorError) { state.withLock { $0.fillingFault = $0.fillingFault ?? error } }

  /// Reports that no more will be taken.
  package func abandon(_ error: MirrorError) {
    state.withLock { $0.emptyingFault = $0.emptyingFault ?? error }
  }

  /// Waits for the next bytes, valid until the next call; nil at the end.
  ///
  /// - Throws: the error of the filling thread.
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
