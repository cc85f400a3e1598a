import LinuxSystem
import CLinux
import Glibc

/// Pid 1 of a step: sets up its file systems, runs it, and ends with it; the kernel then kills what is left.
struct StepInit {
  let plan: SandboxPlan
  let report: SandboxReport.Writer

  /// All signals must be blocked.
  func run(_ mounts: consuming StepMounts) -> Never {
    do throws(MirrorError) {
      try enter(consume mounts)
      try runStep()
    } catch { report.tell(error) }
    _exit(0)
  }

  /// The mounts that it opened are closed afterwards: an open one is busy, and the step could not unmount it.
  private func enter(_ mounts: consuming StepMounts) throws(MirrorError) {
    try StepRoot(plan: plan, mounts: mounts, report: report).enter()
  }

  private func runStep() throws(MirrorError) {
    let script = try plan.interactive ? nil : StepScript.write(plan, report)
    let step = try checked(clinux_fork(), "start", plan.script.name)
    if step == 0 {
      do throws(MirrorError) {
        try prepare()
        if let script {
          try script.execute(plan.environment)
        } else {
          try StepScript.executeShell(plan.environment)
        }
      } catch { report.tell(error) }
      _exit(127)
    }
    let status = wait(for: step)
    if let script { script.remove() }
    report.tell(SandboxReport(waitStatus: status))
  }

  /// Prepares the step's own process before its program starts.
  private func prepare() throws(MirrorError) {
    setsid()
    if plan.interactive { try checked(clinux_take_terminal(STDIN_FILENO), "use", "the terminal") }
    try checked(chdir("/"), "enter", "/")
    umask(0o022)
    if plan.personality == .linux32 { try checked(clinux_become_32bit(), "use", "linux32") }
    try checked(clinux_hide_descriptors(3), "close", "descriptors")
    clinux_reset_signals()
    var none = signalSet()
    sigprocmask(SIG_SETMASK, &none, nil)
    // Last, since it cannot be undone.
    try checked(clinux_forbid_host_calls(), "restrict the system calls of", plan.script.name)
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
