import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A run that strace halts by SIGSTOP after one of its calls, its lock held, until it is told to go on.
///
/// Nothing has to be timed: what happens meanwhile happens while it stands still.
final class HaltedRun {
  private let tracer: RunningProgram
  private let log: String
  /// The program's own number, which the lock file tells.
  let pid: Int32

  /// - Parameter slowing: a call that takes 20 ms longer, so that a run does not end before a signal is noticed.
  init(
    _ verb: [String], after call: String, _ number: Int = 1, slowing: String? = nil, in workspace: Workspace
  ) throws {
    let log = workspace.path.appending("halted-\(call)").string
    let slow = slowing.map { ["-e", "inject=\($0):delay_exit=20000"] } ?? []
    let tracer = try workspace.start(
      Program.limited + [
        "strace", "-f", "-qq", "-o", log, "-e",
        "trace=\(([call] + [slowing].compactMap(\.self)).joined(separator: ","))",
      ]
        + ["-e", "inject=\(call):signal=STOP:when=\(number)"] + slow + workspace.command(verb))
    self.tracer = tracer
    self.log = log
    pid = try Self.waitUntilHalted(tracer, log, workspace)
  }

  // Nothing may stand still for ever after a failed test.
  deinit {
    if tracer.isRunning {
      kill(pid, SIGKILL)
      kill(tracer.pid, SIGKILL)
    }
  }

  private static func waitUntilHalted(
    _ tracer: RunningProgram, _ log: String, _ workspace: Workspace
  ) throws -> Int32 {
    // A limit against hanging, far beyond what it takes.
    for _ in 0..<6000 where tracer.isRunning {
      if let text = try? String(contentsOfFile: log, encoding: .isoLatin1),
        text.contains("stopped by SIGSTOP")
      {
        let lock = try String(contentsOfFile: "\(workspace.mirror)/.mirrorctl.lock", encoding: .utf8)
        if let pid = lock.split(separator: " ").first.flatMap({ Int32($0) }) { return pid }
      }
      usleep(10_000)
    }
    if tracer.isRunning { kill(tracer.pid, SIGKILL) }
    throw NeverHalted(said: try tracer.wait().errorText)
  }

  /// Sends a signal, which it notices when it goes on.
  func signal(_ number: Int32) { kill(pid, number) }

  /// Lets it go on to its end.
  func resume() throws -> Outcome {
    // Again and again: each thread has its own count of calls, and another may have been halted meanwhile.
    while tracer.isRunning {
      kill(pid, SIGCONT)
      usleep(10_000)
    }
    return try tracer.wait()
  }

  /// The run ended before it came to the call.
  struct NeverHalted: Error { let said: String }
}
