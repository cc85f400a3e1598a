import Glibc
import Synchronization

/// Threads of our own for blocking work, which the cooperative pool is not made for.
enum Workers {
  /// Processors that this process may run on.
  static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Calls `body` once for every index below `count`, on up to `jobs` threads, lowest first.
  ///
  /// Returns when all calls have.
  static func forEach(_ count: Int, jobs: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let next = Shared(Atomic<Int>(0))
    run(min(jobs, count)) { _ in
      while true {
        let index = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }

  /// The results of `body` for every item, in the items' order.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, _ body: @escaping @Sendable (Item) -> Result
  ) -> [Result] {
    let results = Mutex<[(Int, Result)]>([])
    let shared = Shared(results)
    forEach(items.count, jobs: jobs) { index in
      let result = body(items[index])
      shared.value.withLock { $0.append((index, result)) }
    }
    return shared.value.withLock { $0.sorted { $0.0 < $1.0 }.map(\.1) }
  }

  /// Runs `body` on `count` threads at once and waits for all; the last of them is the caller's own.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [pthread_t] = []
    for index in 1..<max(1, count) {
      let work = Unmanaged.passRetained(Work(index: index, body: body))
      var thread = pthread_t()
      let started = pthread_create(
        &thread, nil,
        { argument in
          argument.map { Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run() }
          return nil
        }, work.toOpaque())
      // With no thread to be had the caller does the rest itself: slower, not wrong.
      if started == 0 { threads.append(thread) } else { work.release() }
    }
    if count > 0 { body(0) }
    for thread in threads { pthread_join(thread, nil) }
  }

  private final class Work: Sendable {
    let index: Int
    let body: @Sendable (Int) -> Void

    init(index: Int, body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }

    func run() { body(index) }
  }
}

/// Lets several threads hold one atomic or mutex.
final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}
