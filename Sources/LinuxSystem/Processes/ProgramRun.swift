import Glibc
import SystemPackage

/// A host program that is running, and the pipes that it prints to.
struct ProgramRun: ~Copyable {
  /// Maximum output, in bytes.
  private static let mostSaid = 1 << 30
  /// How long a program may go on after SIGTERM.
  private static let grace = Duration.seconds(5)

  private var child: ChildProcess
  private let output: Descriptor
  private let errors: Descriptor
  /// Reaches its end when the process group that the program leads is gone; invalid if it leads none.
  private let group: Descriptor
  private let name: String

  init(
    _ child: consuming ChildProcess, output: consuming Descriptor, errors: consuming Descriptor,
    group: consuming Descriptor, name: String
  ) {
    self.child = child
    self.output = output
    self.errors = errors
    self.group = group
    self.name = name
  }

  /// Reads its output until it ends; does not wait for programs that it left behind.
  mutating func hear(
    limit: Int?, cancellation: Cancellation?, heard: (([UInt8]) -> Void)?, enough: () -> Bool
  ) throws(MirrorError) -> HostProgram.Outcome {
    var deadline = limit.map { ContinuousClock.now + .seconds($0) }
    var (said, complaints) = ([UInt8](), [UInt8]())
    var (isLate, isEnough) = (false, false)
    var lastReads = 0
    var polled = [output.raw, errors.raw, child.descriptor].map { pollfd(reading: $0) }
    // A program that it left behind may print forever; its own last output fits into a pipe.
    while lastReads < 4 {
      let isOver = polled[2].fd < 0
      let end = Waiting.wait(
        for: &polled, until: isOver ? .now : deadline, cancellation: isOver ? nil : cancellation)
      let hasOutput = polled[0].revents != 0 || polled[1].revents != 0
      said += polled[0].received()
      complaints += polled[1].received()
      if let heard, !said.isEmpty {
        heard(said)
        said = []
        if !isOver, !isEnough, enough() {
          isEnough = true
          deadline = nil
          stop()
        }
      }
      if complaints.count > 1 << 17 { complaints.removeFirst(complaints.count - 1 << 16) }
      guard said.count < Self.mostSaid else {
        stop()
        throw MirrorError(.library, name, "prints too much output", remedy: "run it by hand")
      }
      if isOver {
        guard hasOutput else { break }
        lastReads += 1
      } else if polled[2].revents != 0 {
        polled[2].fd = -1
      } else if end == .cancelled {
        stop()
        try cancellation?.check()
      } else if end == .late {
        isLate = true
        deadline = nil
        stop()
      }
    }
    let status = try attempt("wait for it", name) { () throws(Errno) in try child.wait() }
    return HostProgram.Outcome(
      status: ChildProcess.exitStatus(status), output: said, errors: Array(complaints.suffix(1 << 16)),
      isLate: isLate)
  }

  /// Sends SIGTERM, then SIGKILL if it is still running five seconds later; waits until its whole group is
  /// gone.
  private mutating func stop() {
    signal(SIGTERM)
    if child.end(until: .now + Self.grace) != .ready { signal(SIGKILL) }
    _ = try? child.wait()
    // Processes that outlive the leader are also killed after these five seconds.
    guard group.raw >= 0 else { return }
    var polled = [pollfd(reading: group.raw)]
    _ = Waiting.wait(for: &polled, until: .now + Self.grace + .seconds(1), cancellation: nil)
  }

  /// Signals it, or the group that it leads. It was not waited for, so its number is still its own.
  private func signal(_ number: Int32) {
    if group.raw < 0 { child.signal(number) } else { kill(-child.pid, number) }
  }
}
