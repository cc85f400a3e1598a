import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A run that strace halts by SIGSTOP before one of its calls, its lock held, until it is told to go on.
private final class HaltedRun {
  let sandbox: Sandbox
  private let tracer: RunningProgram
  /// The program's own number, which the lock file tells.
  let pid: Int32

  init(_ verb: [String], before call: String, _ number: Int = 1, in sandbox: Sandbox) throws {
    self.sandbox = sandbox
    tracer = try sandbox.start(
      Tracing.arguments(trace: [call], inject: "\(call):signal=STOP:when=\(number)") + sandbox.command(verb))
    pid = try Self.waitUntilHalted(tracer, sandbox)
  }

  // Nothing of a failed test may stay halted for ever.
  deinit {
    kill(pid, SIGKILL)
    kill(tracer.pid, SIGKILL)
  }

  private static func waitUntilHalted(_ tracer: RunningProgram, _ sandbox: Sandbox) throws -> Int32 {
    let lock = sandbox.mirror.appending(".mirrorctl.lock").string
    // A limit against hanging, far beyond what it takes.
    for _ in 0..<6000 where tracer.isRunning {
      if let text = try? String(contentsOfFile: lock, encoding: .utf8),
        let pid = text.split(separator: " ").first.flatMap({ Int32($0) }), isStopped(pid)
      {
        return pid
      }
      usleep(10_000)
    }
    kill(tracer.pid, SIGKILL)
    throw NeverHalted()
  }

  /// `T` or `t` in proc(5): stopped, by a signal or by its tracer, for good as far as this process is concerned.
  private static func isStopped(_ pid: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/wchan", encoding: .utf8) else { return false }
    return status.contains("signal_stop") || status.contains("ptrace")
  }

  func signal(_ number: Int32) { kill(pid, number) }

  func resume() throws -> Outcome {
    kill(pid, SIGCONT)
    return try tracer.wait()
  }

  struct NeverHalted: Error {}
}
