import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The process that creates the namespaces of one step, starts pid 1 in them, and ends.
///
/// It borrows the helper's memory, and has descriptors and namespaces of its own.
final class StepProcess {
  private let plan: SandboxPlan
  private let calls: CallFilter
  private let files: SandboxHelper.Files
  private let writer: SandboxReport.Writer
  /// Pid 1 of the step, a child of the helper.
  private var started: pid_t?

  private init(_ plan: SandboxPlan, _ calls: CallFilter, _ files: SandboxHelper.Files) {
    self.plan = plan
    self.calls = calls
    self.files = files
    writer = SandboxReport.Writer(raw: files.report)
  }

  /// Starts pid 1; nil if that failed, which is reported.
  ///
  /// The process must have one thread, and all signals must be blocked.
  static func start(
    _ plan: SandboxPlan, _ calls: CallFilter, _ files: SandboxHelper.Files
  ) throws(MirrorError) -> pid_t? {
    let process = StepProcess(plan, calls, files)
    let run: @convention(c) (UnsafeMutableRawPointer?) -> Void = { argument in
      if let argument { Unmanaged<StepProcess>.fromOpaque(argument).takeUnretainedValue().run() }
    }
    try checked(
      clinux_run_borrowing(run, Unmanaged.passUnretained(process).toOpaque()), "start", plan.script.name)
    return process.started
  }

  private func run() {
    do throws(MirrorError) {
      try endWithHelper()
      close(SandboxHelper.socket)
      setsid()
      if let group = plan.controlGroup {
        let path = "\(group)/cgroup.procs"
        let file = Descriptor(owning: try checked(open(path, O_WRONLY | O_CLOEXEC), "open", path))
        try attempt("write", path) { () throws(Errno) in try file.write([UInt8(ascii: "0")]) }
      }
      try fork()
    } catch { writer.tell(error) }
  }

  /// Also after a change of the user, which clears the setting.
  private func endWithHelper() throws(MirrorError) {
    try checked(clinux_die_with_parent(), "watch", "the helper")
    var polled = pollfd(reading: files.helper)
    if poll(&polled, 1, 0) != 0 { _exit(0) }
  }

  private func fork() throws(MirrorError) {
    let mounts = try separate()
    try endWithHelper()
    let pid = try checked(clinux_fork_sibling(), "start", "pid 1 of a step")
    if pid == 0 {
      try endWithHelper()
      try redirect()
      StepInit(plan: plan, calls: calls, report: writer).run(consume mounts)
    }
    started = pid
  }

  /// Standard input, output and error of the step.
  private func redirect() throws(MirrorError) {
    // Descriptor 0 is /dev/null already.
    if plan.interactive { try checked(dup2(files.terminal, STDIN_FILENO), "pass on", "a terminal") }
    for number in [STDOUT_FILENO, STDERR_FILENO] {
      try checked(dup2(plan.interactive ? files.terminal : files.output, number), "pass on", "the output")
    }
  }

  /// Enters the namespaces of the step.
  private func separate() throws(MirrorError) -> StepMounts {
    try Self.unshare(CLINUX_NEW_MOUNTS)
    let mounts = try StepMounts(plan, terminal: ttyname(files.terminal).map { String(cString: $0) })
    if let users = mounts.users {
      // Steps open their output again by /dev/stderr.
      for file in [files.output, files.terminal] where file >= 0 && mounts.areStrangers {
        try checked(fchown(file, Confinement.firstID, Confinement.firstID), "set the owner of", "the output")
      }
      try users.value.enter()
    }
    try checked(fchmod(files.output, 0o622), "set the mode of", "the output")
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
}
