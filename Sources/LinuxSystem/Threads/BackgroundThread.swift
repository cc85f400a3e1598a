import Glibc

/// A thread of our own that nobody waits for.
package enum BackgroundThread {
  /// Starts it; false if no more threads can be had, and then the body does not run.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
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
      return false
    }
    pthread_detach(thread)
    return true
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
