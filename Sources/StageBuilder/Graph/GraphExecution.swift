import LinuxSystem

/// Starts the targets of a graph as soon as what they need is done, and reports each request when its last target ended.
final class GraphExecution {
  private enum State: Equatable {
    case waiting, running, over
  }

  private let graph: BuildGraph
  private let sessions: [BuildSession]
  private let dependents: [[Int]]
  private let context: BuildContext
  private let engine: any BuildEngine
  private let receiver: GraphRun.Receiver
  private let progress: GraphProgress?

  private var states: [State]
  /// The number of needs of each node that are not done.
  private var open: [Int]
  /// The request that builds a node: one of those that share it.
  private var owners: [Int: Int] = [:]
  private var isCancelled = false

  init(
    _ scan: GraphScan, _ context: BuildContext, _ engine: any BuildEngine, _ receiver: GraphRun.Receiver,
    _ progress: GraphProgress?
  ) {
    graph = scan.graph
    sessions = scan.facts.map { BuildSession($0, context, scan.anchor) }
    dependents = graph.dependents
    self.context = context
    self.engine = engine
    self.receiver = receiver
    self.progress = progress
    states = Array(repeating: .waiting, count: graph.nodes.count)
    open = graph.nodes.map(\.needs.count)
  }

  func run() {
    progress?.begin(graph.nodes.count)
    for position in sessions.indices { endIfOver(position) }
    while true {
      cancelIfAsked()
      startAll()
      guard !owners.isEmpty else { return }
      let (id, end) = engine.next()
      take(id, end)
    }
  }

  private func cancelIfAsked() {
    guard context.cancellation.isCancelled, !isCancelled else { return }
    isCancelled = true
    engine.cancel()
    // A request whose last targets are being built ends as they do.
    for position in sessions.indices where graph.members[position].contains(where: { states[$0] == .waiting })
    {
      sessions[position].interrupt()
    }
    for index in states.indices where states[index] == .waiting { leave(index) }
    for position in sessions.indices { endIfOver(position) }
  }

  /// Starts what can start, the first ones first.
  private func startAll() {
    while owners.count < engine.capacity,
      let index = states.indices.first(where: { states[$0] == .waiting && open[$0] == 0 })
    {
      guard let node = order(index) else { continue }
      do throws(MirrorError) {
        // What must wait keeps its place: later ones would take the room that becomes free.
        guard try engine.hasRoom(for: node, isAlone: owners.count == 1) else {
          owners[index] = nil
          return
        }
      } catch {
        let owner = owners.removeValue(forKey: index) ?? 0
        stop(owner, error)
        continue
      }
      states[index] = .running
      progress?.start(node)
      engine.start(node)
    }
  }

  /// The order for a node, by the first request that can begin; nil if none can, so that it is over.
  private func order(_ index: Int) -> BuildNode? {
    for position in graph.nodes[index].requests {
      guard sessions[position].begin(engine) else {
        stop(position, nil)
        continue
      }
      owners[index] = position
      return sessions[position].node(index, graph.nodes[index].facts)
    }
    return nil
  }

  private func take(_ index: Int, _ end: TargetEnd) {
    states[index] = .over
    guard let owner = owners.removeValue(forKey: index) else { return }
    let session = sessions[owner]
    let entry = session.take(end)
    progress?.end(index, isDone: entry.outcome == .done)
    receiver.target(session.facts.request, entry)
    if entry.outcome == .done {
      for position in graph.nodes[index].requests where position != owner { sessions[position].share(entry) }
      for dependent in dependents[index] { open[dependent] -= 1 }
    } else {
      leaveOut(dependents[index].map { ($0, index, entry.outcome) })
    }
    if session.isStopped { stop(owner, nil) }
    for position in graph.nodes[index].requests { endIfOver(position) }
  }

  /// Leaves out the targets of a request that ended early, and what waits for them.
  private func stop(_ position: Int, _ error: (any Error)?) {
    let session = sessions[position]
    if let error { session.stop(error) }
    leaveOut(rest(of: position).map { ($0, $0, session.report.outcome) })
    endIfOver(position)
  }

  /// Leaves out nodes, what waits for them, and what else their requests would build.
  ///
  /// - Parameter left: nodes, the node because of which each of them is left out, and how that one ended.
  private func leaveOut(_ left: [(index: Int, cause: Int, outcome: BuildOutcome)]) {
    var next = left
    var touched = Set<Int>()
    while let (index, cause, outcome) = next.popLast() {
      guard states[index] == .waiting else { continue }
      leave(index)
      let node = graph.nodes[index]
      for position in node.requests {
        let session = sessions[position]
        session.leave(node.facts, because: LeftOut(name(of: cause, for: position), cause: outcome))
        if session.isStopped { next += rest(of: position).map { ($0, cause, outcome) } }
      }
      next += dependents[index].map { ($0, cause, outcome) }
      touched.formUnion(node.requests)
    }
    for position in touched.sorted() { endIfOver(position) }
  }

  /// The targets of a stopped request that nothing else needs: another request may make a snapshot that they share.
  private func rest(of position: Int) -> [Int] {
    graph.members[position].filter { index in
      states[index] == .waiting && graph.nodes[index].requests.allSatisfy { sessions[$0].isStopped }
    }
  }

  private func leave(_ index: Int) {
    states[index] = .over
    progress?.leave()
  }

  private func endIfOver(_ position: Int) {
    let session = sessions[position]
    let own = graph.members[position]
    guard !session.hasEnded,
      own.allSatisfy({ states[$0] == .over || session.isStopped && owners[$0] != position })
    else { return }
    session.end()
    receiver.request(session.facts.request, session.report)
  }

  /// The name of a node in a message about a request.
  private func name(of index: Int, for position: Int) -> String {
    let node = graph.nodes[index]
    guard !node.requests.contains(position), let first = node.requests.first else { return node.facts.name }
    return "\(node.facts.name) of \(sessions[first].facts.request.label)"
  }
}
