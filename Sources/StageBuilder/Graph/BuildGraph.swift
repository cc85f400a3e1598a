import LinuxSystem
import MirrorModel

/// The targets of several requests, and what each of them waits for.
///
/// The stages of a request follow each other. Images and variants need only the target that makes their source. Requests
/// that need the same snapshot share it, and a stage that starts from the stage of another subarch waits for that one.
struct BuildGraph: Sendable {
  /// The targets of one request.
  struct Request {
    /// Path of the subarch; nil for a snapshot only.
    let path: MirrorPath?
    let version: String
    let targets: [TargetFacts]
    /// Another subarch from whose stage it starts.
    var seed: MirrorPath?
  }

  /// One target.
  struct Node: Sendable {
    let facts: TargetFacts
    /// The requests that it belongs to, by their positions, the first one first: several for a snapshot.
    var requests: [Int]
    /// The nodes that must be done before.
    var needs: [Int] = []
  }

  /// In the order in which one after the other would be built, except for seeds of other requests.
  private(set) var nodes: [Node] = []
  /// The nodes of each request, in its order.
  private(set) var members: [[Int]] = []

  private var snapshots: [MirrorPath: Int] = [:]

  init(_ requests: [Request]) {
    for (position, request) in requests.enumerated() { add(request, at: position) }
    addSeeds(requests)
  }

  private mutating func add(_ request: Request, at position: Int) {
    var own: [Int] = []
    // What a target waits for that names no source: the last stage, and the variants.
    var last: [Int] = []
    var aside: [Int] = []
    for facts in request.targets {
      let snapshot = facts.kind == .snapshot ? facts.output : nil
      let index = snapshot.flatMap { snapshots[$0] } ?? nodes.count
      if index < nodes.count {
        nodes[index].requests.append(position)
      } else {
        let maker = facts.isAside ? maker(of: facts.source, in: own, version: request.version) : nil
        let all = facts.isAside ? last + aside : last
        nodes.append(Node(facts: facts, requests: [position], needs: maker.map { [$0] } ?? all))
        if let snapshot { snapshots[snapshot] = index }
      }
      own.append(index)
      if !facts.isAside { last = [index] } else if !facts.target.isOptional { aside.append(index) }
    }
    members.append(own)
  }

  /// The node that makes a file. Its version may still be that of an earlier build.
  private func maker(of source: MirrorPath?, in candidates: [Int], version: String) -> Int? {
    guard let source, let old = source.parent.name.text, let name = source.name.text else { return nil }
    let directory = source.parent.parent.appending(FileName(version))
    let wanted = Self.stem(directory.appending(FileName(name.replacing(old, with: version))))
    return candidates.last { nodes[$0].facts.output.map(Self.stem) == wanted }
  }

  /// The path without the suffix of a tarball, which may be compressed later.
  private static func stem(_ path: MirrorPath) -> MirrorPath {
    TarballName(path.name, .builtIn).map { path.parent.appending($0.stem) } ?? path
  }

  /// Makes the first stage of a request wait for the stage of another one from which it starts. Of requests that start
  /// from each other, the last one uses the stage that exists.
  private mutating func addSeeds(_ requests: [Request]) {
    var positions: [MirrorPath: Int] = [:]
    for (position, request) in requests.enumerated() {
      if let path = request.path, !members[position].isEmpty { positions[path] = position }
    }
    var seeds: [Int: Int] = [:]
    for (position, request) in requests.enumerated() {
      guard let seed = request.seed.flatMap({ positions[$0] }),
        !chain(from: seed, in: seeds).contains(position),
        let first = members[position].first(where: { nodes[$0].facts.kind != .snapshot })
      else { continue }
      let stages = members[seed].filter { nodes[$0].facts.kind != .snapshot }
      let made = maker(of: nodes[first].facts.source, in: stages, version: requests[seed].version)
      guard let needed = made ?? stages.last(where: { !nodes[$0].facts.isAside }) else { continue }
      seeds[position] = seed
      nodes[first].needs.append(needed)
    }
  }

  /// A request, the one it starts from, and so on.
  private func chain(from start: Int, in seeds: [Int: Int]) -> Set<Int> {
    var chain: Set<Int> = [start]
    var next = seeds[start]
    while let position = next, chain.insert(position).inserted { next = seeds[position] }
    return chain
  }

  /// The nodes that wait for each node.
  var dependents: [[Int]] {
    var dependents = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for need in node.needs { dependents[need].append(index) }
    }
    return dependents
  }
}
