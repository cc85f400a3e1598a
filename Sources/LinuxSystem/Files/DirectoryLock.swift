import Glibc
import SystemPackage

/// Excludes other runs of mirrorctl from changing the files of a directory: `flock(2)` on the directory itself, which
/// the kernel releases however the run ends.
package enum DirectoryLock {
  /// Runs a function while holding the lock.
  ///
  /// - Parameter limit: seconds to wait: anyone who can read the directory could hold the lock.
  /// - Throws: code `busy` after that time, or `interrupted`; or what the function throws.
  package static func with<Result>(
    _ path: MirrorPath, in anchor: borrowing AnchoredDirectory, limit: Int = 600,
    _ cancellation: Cancellation,
    _ body: () throws(MirrorError) -> Result
  ) throws(MirrorError) -> Result {
    let shown = anchor.displayed(path)
    let directory = try anchor.file(path, flags: O_RDONLY | O_DIRECTORY)
    defer { directory.unlock() }
    guard try directory.lock(LOCK_EX, until: .now + .seconds(limit), every: 50, shown, cancellation) else {
      throw MirrorError(
        .busy, shown, "is locked by another process", remedy: "see lslocks(8), and run again")
    }
    return try body()
  }
}
