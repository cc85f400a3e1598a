import CLinux
import Glibc
import Synchronization

/// Our own threads for blocking work, for which the cooperative pool is not suited.
package enum Workers {
  /// The number of CPUs that this process may use.
  package static var processors: Int { max(1, Int(clinux_processors())) }

  /// Calls `body` once for every index below `count`, on up to `jobs` threads, lowest first.
  ///
  /// Returns when all calls have returned.
  package static func forEach(_ count: Int, jobs: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let next = Shared(Atomic<Int>(0))
    run(min(jobs, count)) { _ in
      while true {
        let index = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }

  /// The results of `body` for all items, in the order of the items.
  package static func map<Item: Sendable, Result: Sendable>(
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

  /// Runs `body` on `count` threads at once, including the calling one, and waits for all.
  ///
  /// If threads cannot be created, fewer run: `body` must take its work from a shared source.
  package static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = start(count - 1) { body($0 + 1) }
    if count > 0 { body(0) }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Like `run`, for bodies that need each other; false, without running any, if there are not enough
  /// threads.
  package static func runTogether(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Bool {
    let isComplete = Monitor<Bool?>(nil)
    let threads = start(count - 1) { index in
      if isComplete.wait(until: { $0 }) { body(index + 1) }
    }
    let started = threads.count == count - 1
    isComplete.withLock { $0 = started }
    if started { body(0) }
    for thread in threads { pthread_join(thread, nil) }
    return started
  }

  private static func start(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> [pthread_t] {
    (0..<max(0, count)).compactMap { index in BackgroundThread.joinable { body(index) } }
  }
}

/// Shares an atomic or mutex between threads.
package final class Shared<Value: ~Copyable & Sendable>: Sendable {
  package let value: Value
  package init(_ value: consuming Value) { self.value = value }
}
