import CLinux
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// The tokens that all targets of a graph share: who holds one may run one job.
///
/// A named pipe with one byte per token, as GNU make 4.4 and newer, ninja 1.13 and newer, Cargo and Portage read it
/// ("POSIX Jobserver" in make's manual). The engine takes a token for each target that it starts, as make does for its jobs:
/// with it, a program runs its first job without asking for another.
final class JobServer: Sendable {
  /// Where steps find the pipe. Portage's sandbox lets programs write there.
  static let place = "/dev/shm/mirrorctl-jobserver"

  /// On the host.
  let path: FilePath
  private let count: Int
  private let pipe: Descriptor
  /// The number of targets that are being built.
  private let targets = Mutex(0)

  /// - Parameters:
  ///   - count: the number of jobs at once.
  ///   - directory: a private directory, to which the pipe is added.
  init(_ count: Int, in directory: FilePath) throws(MirrorError) {
    // All tokens must fit into the pipe.
    self.count = min(max(count, 1), 4096)
    path = directory.appending("jobserver")
    try checked(mkfifo(path.string, 0o600), "create", path.string)
    // Packages are compiled by users without rights; only steps can reach the pipe.
    try checked(chmod(path.string, 0o666), "change the mode of", path.string)
    pipe = Descriptor(
      owning: try checked(open(path.string, O_RDWR | O_NONBLOCK | O_CLOEXEC), "open", path.string))
    put(self.count)
  }

  /// Runs a target's work while it holds a token.
  func hold<T>(_ work: () throws -> T) rethrows -> T {
    let hasToken = targets.withLock { targets in
      targets += 1
      return take()
    }
    defer { release(hasToken) }
    return try work()
  }

  /// A target that gets no token starts all the same, since others may keep theirs for hours.
  private func take() -> Bool {
    var byte: UInt8 = 0
    return read(pipe.raw, &byte, 1) == 1
  }

  private func release(_ hasToken: Bool) {
    targets.withLock { targets in
      targets -= 1
      if targets == 0 {
        // Programs that were killed did not give their tokens back.
        while take() {}
        put(count)
      } else if hasToken {
        put(1)
      }
    }
  }

  private func put(_ count: Int) {
    let tokens = [UInt8](repeating: UInt8(ascii: "+"), count: count)
    _ = write(pipe.raw, tokens, tokens.count)
  }
}
