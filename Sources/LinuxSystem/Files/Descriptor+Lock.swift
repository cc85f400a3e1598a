import Glibc
import SystemPackage

extension Descriptor {
  /// Tries to take a lock of `flock(2)` until it succeeds or the deadline passes; returns whether it succeeded.
  ///
  /// - Parameters:
  ///   - kind: `LOCK_SH` or `LOCK_EX`.
  ///   - interval: milliseconds between two attempts.
  ///   - path: of the file, for messages.
  /// - Throws: with code `interrupted`, or `system` if the file cannot be locked.
  func lock(
    _ kind: Int32, until deadline: ContinuousClock.Instant?, every interval: UInt32, _ path: String,
    _ cancellation: Cancellation
  ) throws(MirrorError) -> Bool {
    while flock(raw, kind | LOCK_NB) != 0 {
      let error = lastErrno()
      guard error == .wouldBlock || error == .interrupted else { throw .system(error, "lock", path) }
      if let deadline, deadline <= .now { return false }
      try cancellation.wait(milliseconds: interval)
    }
    return true
  }

  /// Releases a lock of `flock(2)` at once. If only the file is closed, a program that another thread has just started
  /// holds the lock until it runs.
  func unlock() { flock(raw, LOCK_UN) }
}
