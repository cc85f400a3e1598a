import LinuxSystem

/// Hands results over on threads that do not hash: a sidecar is synced to the disk meanwhile.
final class Deliveries: Sendable {
  private struct State {
    var waiting: [(Int, Result<DigestResult, MirrorError>)] = []
    var isClosed = false
  }

  private let state = Monitor(State())
  private let limit: Int
  private let deliver: @Sendable (Int, Result<DigestResult, MirrorError>) -> Void

  /// - Parameter limit: results that may wait; whoever adds more delivers it himself.
  init(limit: Int, _ deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void) {
    self.limit = limit
    self.deliver = deliver
  }

  /// Takes a result.
  func add(_ index: Int, _ result: Result<DigestResult, MirrorError>) {
    let isTaken = state.withLock { state in
      guard state.waiting.count < limit else { return false }
      state.waiting.append((index, result))
      return true
    }
    if !isTaken { deliver(index, result) }
  }

  /// No more will come.
  func close() { state.withLock { $0.isClosed = true } }

  /// Delivers until there is no more to come.
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
