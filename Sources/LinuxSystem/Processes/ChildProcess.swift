import CLinux
import Glibc
package import SystemPackage

/// The only owner of a child process: it is killed and waited for when the owner is dropped.
///
/// Its descriptor (pidfd) can be polled with others, and signals sent through it never reach another process
/// that got the same number.
package struct ChildProcess: ~Copyable {
  package let pid: Int32
  private let handle: Descriptor
  /// See wait(2); nil until it was waited for.
  private var status: Int32?

  /// Takes ownership of a process that this program has just started.
  ///
  /// - Parameter name: of the program, for errors.
  package init(pid: Int32, name: String) throws(MirrorError) {
    let handle = Descriptor(owning: clinux_process_handle(pid))
    guard handle.raw >= 0 else {
      let fault = lastErrno()
      kill(pid, SIGKILL)
      _ = try? Self.wait(for: pid)
      throw .system(fault, "watch", name)
    }
    self.pid = pid
    self.handle = handle
  }

  deinit {
    guard status == nil else { return }
    clinux_signal_process(handle.raw, SIGKILL)
    _ = try? Self.wait(for: pid)
  }

  /// A descriptor that becomes readable when it has ended; valid during the life of the owner.
  package var descriptor: Int32 { handle.raw }

  /// Sends a signal; has no effect once it has ended.
  package func signal(_ number: Int32) { clinux_signal_process(handle.raw, number) }

  /// Waits until it has ended, a stop is requested, or the deadline has passed; `ready` if it has ended.
  package func end(
    until deadline: ContinuousClock.Instant? = nil, cancellation: Cancellation? = nil
  ) -> Waiting.End {
    guard status == nil else { return .ready }
    var polled = [pollfd(reading: handle.raw)]
    let end = Waiting.wait(for: &polled, until: deadline, cancellation: cancellation)
    return polled[0].revents != 0 ? .ready : end
  }

  /// Waits for its end; returns its status, see wait(2).
  package mutating func wait() throws(Errno) -> Int32 {
    if let status { return status }
    let ended = try Self.wait(for: pid)
    status = ended
    return ended
  }

  private static func wait(for pid: Int32) throws(Errno) -> Int32 {
    var status: Int32 = 0
    try retrying { Int(waitpid(pid, &status, 0)) }
    return status
  }

  /// The exit status of a wait status, or 128 plus the signal that ended the process.
  package static func exitStatus(_ status: Int32) -> Int32 {
    // See wait(2): the low seven bits are the signal that ended it.
    status & 0x7f != 0 ? 128 + status & 0x7f : status >> 8 & 0xff
  }
}
