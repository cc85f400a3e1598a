import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The process of one step outside its namespaces: creates them, starts pid 1 in them, and waits for it.
struct StepProcess: ~Copyable {
  private let order: SandboxOrder
  private let calls: CallFilter
  private let helper: Descriptor
  private let report: Descriptor
  private let output: Descriptor
  private let terminal: Descriptor

  /// - Parameters:
  ///   - helper: a handle of the helper process, see pidfd_open(2).
  ///   - terminal: the terminal of an interactive step; otherwise invalid.
  init(
    _ order: SandboxOrder, _ calls: CallFilter, helper: consuming Descriptor, report: consuming Descriptor,
    output: consuming Descriptor, terminal: consuming Descriptor
  ) {
    self.order = order
    self.calls = calls
    self.helper = helper
    self.report = report
    self.output = output
    self.terminal = terminal
  }

  /// All signals must be blocked.
  borrowing func run() -> Never {
    let writer = SandboxReport.Writer(raw: report.raw)
    do throws(MirrorError) {
      try endWithHelper()
      close(SandboxHelper.socket)
      switch order.task {
      case .trial(let directory):
        writer.tell(SandboxReport(confinement: try StepMounts.confinement(in: directory)))
      case .step(let plan): try start(plan, writer)
      }
    } catch { writer.tell(error) }
    _exit(0)
  }

  /// Also after a change of the user, which clears the setting.
  private borrowing func endWithHelper() throws(MirrorError) {
    try checked(clinux_die_with_parent(), "watch", "the helper")
    var polled = pollfd(reading: helper.raw)
    if poll(&polled, 1, 0) != 0 { _exit(0) }
  }

  private borrowing func start(_ plan: SandboxPlan, _ writer: SandboxReport.Writer) throws(MirrorError) {
    setsid()
    if let group = plan.controlGroup {
      let path = "\(group)/cgroup.procs"
      let file = Descriptor(owning: try checked(open(path, O_WRONLY | O_CLOEXEC), "open", path))
      try attempt("write", path) { () throws(Errno) in try file.write([UInt8(ascii: "0")]) }
    }
    wait(for: try fork(plan, writer))
  }

  /// Starts pid 1; an open mount would be busy for the step, so none is open here afterwards.
  private borrowing func fork(
    _ plan: SandboxPlan, _ writer: SandboxReport.Writer
  ) throws(MirrorError) -> pid_t {
    let mounts = try separate(plan)
    try endWithHelper()
    let own = Descriptor(owning: try checked(clinux_process_handle(getpid()), "watch", "a step"))
    let pid = try checked(clinux_fork(), "start", "pid 1 of a step")
    if pid == 0 {
      clinux_die_with_parent()
      var parent = pollfd(reading: own.raw)
      if poll(&parent, 1, 0) != 0 { _exit(0) }
      try redirect(plan)
      StepInit(plan: plan, calls: calls, report: writer).run(consume mounts)
    }
    return pid
  }

  /// Standard input, output and error of the step.
  private borrowing func redirect(_ plan: SandboxPlan) throws(MirrorError) {
    // Descriptor 0 is /dev/null already.
    if plan.interactive { try checked(dup2(terminal.raw, STDIN_FILENO), "pass on", "a terminal") }
    for number in [STDOUT_FILENO, STDERR_FILENO] {
      try checked(dup2(plan.interactive ? terminal.raw : output.raw, number), "pass on", "the output")
    }
  }

  /// Enters the namespaces of the step.
  private borrowing func separate(_ plan: SandboxPlan) throws(MirrorError) -> StepMounts {
    try Self.unshare(CLINUX_NEW_MOUNTS)
    let mounts = try StepMounts(plan, terminal: ttyname(terminal.raw).map { String(cString: $0) })
    if let users = mounts.users {
      // Steps open their output again by /dev/stderr.
      for file in [output.raw, terminal.raw] where file >= 0 && mounts.areStrangers {
        try checked(fchown(file, Confinement.firstID, Confinement.firstID), "set the owner of", "the output")
      }
      try users.value.enter()
    }
    try checked(fchmod(output.raw, 0o622), "set the mode of", "the output")
    var flags = CLINUX_NEW_PROCESSES | CLINUX_NEW_IPC | CLINUX_NEW_HOST_NAME
    if mounts.users != nil { flags |= CLINUX_NEW_MOUNTS }
    if plan.network == .none { flags |= CLINUX_NEW_NETWORK }
    try Self.unshare(flags)
    if plan.network == .none { try checked(clinux_loopback_up(), "bring up", "lo") }
    if !plan.hostName.isEmpty {
      let name = plan.hostName
      try checked(clinux_set_host_name(name, name.utf8.count), "set the host name", name)
    }
    return mounts
  }

  private static func unshare(_ flags: Int32) throws(MirrorError) {
    guard clinux_unshare(flags) == 0 else {
      let error = lastErrno()
      throw MirrorError(
        .system(error), "unshare(2)", "cannot create namespaces for a step: \(error)",
        remedy: "run as root, and see \(run: .doctor)")
    }
    if flags & CLINUX_NEW_MOUNTS != 0 {
      try checked(clinux_make_private(), "make the mounts private", "/")
    }
  }

  /// Waits for pid 1 to end, and with it all processes of the step.
  private borrowing func wait(for pid: pid_t) {
    var signals = signalSet(SIGCHLD, SIGTERM)
    var deadline: ContinuousClock.Instant?
    while true {
      let ended = waitpid(pid, nil, WNOHANG)
      if ended == pid || (ended < 0 && errno == ECHILD) { return }
      var limit = timespec(tv_sec: 3600, tv_nsec: 0)
      if let deadline {
        let left = deadline - .now
        if left <= .zero { kill(pid, SIGKILL) }
        limit = timespec(tv_sec: Int(max(0, left.components.seconds)), tv_nsec: 100_000_000)
      }
      guard sigtimedwait(&signals, nil, &limit) == SIGTERM, deadline == nil else { continue }
      deadline = .now + .seconds(order.grace)
      kill(pid, SIGTERM)
    }
  }
}
