import Glibc

/// Our own threads for blocking work.
package enum BackgroundThread {
  /// Starts a detached thread; false if no thread can be created, and then `body` does not run.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = joinable(body) else { return false }
    pthread_detach(thread)
    return true
  }

  /// Starts a thread to be joined; nil if no thread can be created, and then `body` does not run.
  static func joinable(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let work = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        argument.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    guard started == 0 else {
      work.release()
      return nil
    }
    return thread
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
