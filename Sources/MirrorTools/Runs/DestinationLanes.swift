import LinuxSystem

/// Works on several destinations side by side. Those with the same address take turns.
struct DestinationLanes: Sendable {
  /// Destinations at once: more would only share the same line.
  private static let limit = 4

  typealias Outcome = Result<PublishReport.Destination, MirrorError>

  private let destinations: [PublishDestination]
  /// Indices of destinations that follow each other.
  private let lanes: [[Int]]
  private let cancellation: Cancellation
  private let body: @Sendable (PublishDestination) throws(MirrorError) -> PublishReport.Destination

  init(
    _ destinations: [PublishDestination], _ cancellation: Cancellation,
    _ body: @escaping @Sendable (PublishDestination) throws(MirrorError) -> PublishReport.Destination
  ) {
    self.destinations = destinations
    self.cancellation = cancellation
    self.body = body
    let byAddress = Dictionary(grouping: destinations.indices) { destinations[$0].address }
    lanes = byAddress.values.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
  }

  /// Calls `take` on this thread with each outcome as soon as it is known; destinations that are not begun before a
  /// cancellation have none.
  func run(_ take: (Int, Outcome) -> Void) {
    let outcomes = Monitor<(waiting: [(Int, Outcome)], isDone: Bool)>(([], false))
    let work = { @Sendable [self] in
      Workers.forEach(lanes.count, jobs: Self.limit) { lane in
        for index in lanes[lane] where !cancellation.isCancelled {
          let outcome: Outcome
          do throws(MirrorError) { outcome = .success(try body(destinations[index])) } catch {
            outcome = .failure(error)
          }
          outcomes.withLock { $0.waiting.append((index, outcome)) }
        }
      }
      outcomes.withLock { $0.isDone = true }
    }
    // Without another thread, one destination follows the other.
    if !BackgroundThread.start(work) { work() }
    var isDone = false
    while !isDone {
      let found = outcomes.wait { state -> [(Int, Outcome)]? in
        guard state.isDone || !state.waiting.isEmpty else { return nil }
        isDone = state.isDone
        defer { state.waiting = [] }
        return state.waiting
      }
      for (index, outcome) in found { take(index, outcome) }
    }
  }
}
