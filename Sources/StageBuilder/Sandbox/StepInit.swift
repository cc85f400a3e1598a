import LinuxSystem
import CLinux
import Glibc

/// Pid 1 of a step: sets up its file systems, runs it, and ends with it; the kernel then kills what is left.
struct StepInit {
  let plan: SandboxPlan
  let calls: CallFilter
  let report: SandboxReport.Writer

  /// All signals must be blocked.
  func run(_ mounts: consuming StepMounts) -> Never {
    do throws(MirrorError) {
      let emulators = try StepEmulators.register(plan.emulators)
      try enter(consume mounts)
      try withExtendedLifetime(emulators) { () throws(MirrorError) in try runStep() }
    } catch { report.tell(error) }
    _exit(0)
  }

  /// The mounts that it opened are closed afterwards: an open one is busy, and the step could not unmount it.
  private func enter(_ mounts: consuming StepMounts) throws(MirrorError) {
    try StepRoot(plan: plan, mounts: mounts, report: report).enter()
  }

  private func runStep() throws(MirrorError) {
    let status: Int32
    if plan.interactive {
      status = wait(for: try StepProgram.shell.start(plan, calls))
    } else {
      let script = try StepScript.write(plan, report)
      defer { script.remove() }
      status = wait(for: try StepProgram(script: script.path).start(plan, calls))
    }
    report.tell(SandboxReport(waitStatus: status))
  }

  /// Reaps children until the step has ended; SIGTERM is forwarded to all.
  private func wait(for step: pid_t) -> Int32 {
    var signals = signalSet(SIGCHLD, SIGTERM)
    while true {
      var status: Int32 = 0
      let ended = waitpid(-1, &status, WNOHANG)
      if ended == step { return status }
      if ended > 0 { continue }
      if sigwaitinfo(&signals, nil) == SIGTERM {
        kill(-1, SIGTERM)
        // A stopped process would not receive it.
        kill(-1, SIGCONT)
      }
    }
  }
}
