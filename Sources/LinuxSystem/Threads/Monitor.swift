import Glibc

/// A value shared between threads, which can wait for it to change.
///
/// `Mutex` cannot be waited on.
package final class Monitor<State>: @unchecked Sendable {
  private var state: State
  /// The number of threads that wait for a change.
  private var waiting = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Changes the value and wakes waiting threads.
  @discardableResult
  package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { unlock() }
    return body(&state)
  }

  /// Tries `body` now and after every change, until it returns a value; its own change wakes other threads
  /// too.
  package func wait<Result>(until body: (inout State) -> Result?) -> Result {
    pthread_mutex_lock(mutex)
    defer { unlock() }
    while true {
      if let result = body(&state) { return result }
      waiting += 1
      pthread_cond_wait(changed, mutex)
      waiting -= 1
    }
  }

  private func unlock() {
    if waiting > 0 { pthread_cond_broadcast(changed) }
    pthread_mutex_unlock(mutex)
  }
}
