@testable import Hashing
import TestSupport
import Testing

/// A tarball with this number of bytes left.
private struct Rest: Unfinished {
  let index: Int
  var remaining: Int64
}

/// Threads that hash at the speed of vector lanes: a turn takes the same time however many files share it.
private struct Simulation {
  private var pool: HashPool<Rest>
  private let sizes: [Int64]
  private let turn: Int64 = 32
  private(set) var turns: [Int]
  private(set) var hashed: [Int64]
  private(set) var mostOpen = 0
  private(set) var order: [Int] = []
  private var working: [HashPool<Rest>.Work?]

  init(_ sizes: [Int64], threads: Int, width: Int, descriptors: Int = .max) {
    self.sizes = sizes
    pool = HashPool(
      sizes.enumerated().map { (index: $0, size: $1) }, threads: threads, width: width,
      descriptors: descriptors)
    turns = Array(repeating: 0, count: threads)
    working = Array(repeating: nil, count: threads)
    hashed = Array(repeating: 0, count: sizes.count)
  }

  /// Lets the thread that is behind continue, until all is done.
  mutating func run() -> Bool {
    var open = Set<Int>()
    while true {
      let thread = turns.indices.min { turns[$0] < turns[$1] } ?? 0
      finishTurn(of: thread, &open)
      switch pool.take() {
      case nil:
        // It waits for one that is working.
        guard let next = turns.indices.filter({ working[$0] != nil }).map({ turns[$0] }).min() else {
          return false
        }
        turns[thread] = max(turns[thread], next) + 1
      case let work? where work.count == 0:
        return working.allSatisfy { $0 == nil } && hashed == sizes
      case let work?:
        order += work.requests
        open.formUnion(work.requests)
        mostOpen = max(mostOpen, open.count)
        working[thread] = work
        turns[thread] += Int(turn)
      }
    }
  }

  private mutating func finishTurn(of thread: Int, _ open: inout Set<Int>) {
    guard let work = working[thread] else { return }
    working[thread] = nil
    let files = work.files + work.requests.map { Rest(index: $0, remaining: sizes[$0]) }
    var rest: [Rest] = []
    for var file in files {
      let count = min(turn, file.remaining)
      hashed[file.index] += count
      file.remaining -= count
      if file.remaining > 0 { rest.append(file) } else { open.remove(file.index) }
    }
    pool.give(back: rest, of: work.count)
  }
}

@Suite("Tarballs to hash") struct HashPoolTests {
  @Test("are hashed completely, and once", arguments: 0..<60 as Range<UInt64>)
  func complete(seed: UInt64) {
    var random = Seeded(state: seed)
    let sizes = (0..<Int.random(in: 0...80, using: &random)).map { _ in
      Bool.random(using: &random) ? Int64.random(in: 1...5000, using: &random) : 1
    }
    let descriptors = Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : .max
    let threads = Int.random(in: 1...8, using: &random)
    let width = Int.random(in: 1...16, using: &random)
    var run = Simulation(sizes, threads: threads, width: width, descriptors: descriptors)
    let isComplete = run.run()
    #expect(isComplete)
    #expect(run.order.sorted() == Array(sizes.indices))
    #expect(run.mostOpen <= max(threads, descriptors))
  }

  @Test("are started longest first")
  func begunLongestFirst() {
    var run = Simulation([5, 900, 70, 300, 12], threads: 1, width: 1)
    let isComplete = run.run()
    #expect(isComplete)
    #expect(run.order == [1, 3, 2, 4, 0])
  }

  @Test("are shared among the threads before one thread's lanes are filled")
  func sharedAmongThreads() {
    var pool = HashPool<Rest>((0..<6).map { (index: $0, size: 10) }, threads: 3, width: 16)
    let counts = (0..<4).map { _ in pool.take()?.count }
    #expect(counts == [2, 2, 2, nil])
  }

  @Test("keep all lanes busy to the end")
  func keepAllLanes() {
    // Ten equal tarballs for eight lanes: two rounds of eight and two would take twice as long as one.
    var run = Simulation(Array(repeating: 3200, count: 10), threads: 1, width: 8)
    let isComplete = run.run()
    #expect(isComplete)
    let atBest = 10 * 3200 / 8
    #expect(run.turns[0] <= atBest * 11 / 10)
  }

  @Test("that are long do not keep others waiting at the end")
  func longDoNot() {
    let mirror: [Int64] = [1536, 300, 250, 100].flatMap { Array(repeating: $0 * 64, count: 6) }
    var run = Simulation(mirror, threads: 2, width: 8)
    let isComplete = run.run()
    #expect(isComplete)
    // The longest alone take that long in a lane; all others fit beside them.
    #expect((run.turns.max() ?? 0) <= 1536 * 64 * 11 / 10)
  }

  @Test("is hashed alone when fewer are left than threads")
  func hashedAloneWhen() {
    var pool = HashPool<Rest>([(index: 0, size: 10)], threads: 2, width: 8)
    let alone = pool.take()?.isAlone
    #expect(alone == true)
    var two = HashPool<Rest>([(index: 0, size: 10), (index: 1, size: 10)], threads: 2, width: 8)
    let together = two.take()?.isAlone
    #expect(together == false)
  }
}
