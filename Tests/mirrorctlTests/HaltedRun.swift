import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A run that strace stops with SIGSTOP after one of its calls, while it holds its lock.
///
/// Tests act while it is stopped, so they do not depend on timing.
final class HaltedRun {
  private let tracer: RunningProgram
  private let log: String
  /// The program's process ID, from the lock file.
  let pid: Int32

  /// - Parameter slowing: a call to delay by 20 ms, so that the run does not end before it notices a signal.
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

  // No process may stay stopped after a failed test.
  deinit {
    if tracer.isRunning {
      kill(pid, SIGKILL)
      kill(tracer.pid, SIGKILL)
    }
  }

  private static func waitUntilHalted(
    _ tracer: RunningProgram, _ log: String, _ workspace: Workspace
  ) throws -> Int32 {
    // A generous limit, so that the test cannot hang.
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

  /// Sends a signal, which the run notices when it continues.
  func signal(_ number: Int32) { kill(pid, number) }

  /// Continues the run and waits for its end.
  func resume() throws -> Outcome {
    // Repeatedly: strace counts calls per thread, so another thread may have been stopped too.
    while tracer.isRunning {
      kill(pid, SIGCONT)
      usleep(10_000)
    }
    return try tracer.wait()
  }

  /// The run ended before the call.
  struct NeverHalted: Error { let said: String }
}
