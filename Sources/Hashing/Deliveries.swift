import LinuxSystem

/// Delivers results on separate threads, so that hashing continues while sidecars are synced to disk.
final class Deliveries: Sendable {
  private struct State {
    var waiting: [(Int, Result<DigestResult, MirrorError>)] = []
    var isClosed = false
  }

  private let state = Monitor(State())
  private let limit: Int
  private let deliver: @Sendable (Int, Result<DigestResult, MirrorError>) -> Void

  /// - Parameter limit: maximum number of queued results; beyond it the adding thread delivers its result
  ///   itself.
  init(limit: Int, _ deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void) {
    self.limit = limit
    self.deliver = deliver
  }

  /// Adds a result.
  func add(_ index: Int, _ result: Result<DigestResult, MirrorError>) {
    let isTaken = state.withLock { state in
      guard state.waiting.count < limit else { return false }
      state.waiting.append((index, result))
      return true
    }
    if !isTaken { deliver(index, result) }
  }

  /// Marks the end of the results.
  func close() { state.withLock { $0.isClosed = true } }

  /// Delivers results until the end.
  func run() {
    while let (index, result) = next() { deliver(index, result) }
  }

  private func next() -> (Int, Result<DigestResult, MirrorError>)? {
    state.wait { state in
      if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
      return state.isClosed ? .some(nil) : nil
    }
  }
}
