import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// The process between mirrorctl and a step: mirrorctl's own program, single-threaded from the start, as
/// namespaces require.
public enum SandboxHelper {
  /// Its first and only argument.
  static let argument = "--sandbox-helper"
  /// The descriptor that the order is read from.
  static let orderDescriptor: Int32 = 3
  /// The descriptor that the report is written to.
  static let reportDescriptor: Int32 = 4

  /// Runs as the helper if this process was started as one.
  ///
  /// Programs that build with this library must call it first: before they start threads, install signal
  /// handlers or read options.
  ///
  /// - Parameter arguments: the arguments of the process, including its name.
  public static func runIfAsked(_ arguments: [String]) {
    guard arguments.count == 2, arguments[1] == argument else { return }
    let report = SandboxReport.Writer(raw: reportDescriptor)
    do throws(MirrorError) { try run(report) } catch {
      report.tell(error)
      _exit(1)
    }
    _exit(0)
  }

  private static func run(_ report: SandboxReport.Writer) throws(MirrorError) {
    try checked(clinux_die_with_parent(), "watch", "mirrorctl")
    // Signals are blocked: SIGTERM is read from the queue below.
    var signals = allSignals()
    sigprocmask(SIG_SETMASK, &signals, nil)
    try checked(clinux_hide_descriptors(3), "close", "descriptors")
    let order = try readOrder()
    // The parent may have ended before the call above.
    guard getppid() == order.parent else { return }
    umask(0o022)
    if !order.plan.interactive { setsid() }
    try separate(order.plan)
    let own = Descriptor(owning: try checked(clinux_process_handle(getpid()), "watch itself", "the helper"))
    let pid = try checked(clinux_fork(), "start", "pid 1 of a step")
    if pid == 0 {
      clinux_die_with_parent()
      var parent = pollfd(fd: own.raw, events: Int16(POLLIN), revents: 0)
      if poll(&parent, 1, 0) != 0 { _exit(0) }
      StepInit(plan: order.plan, report: report).run()
    }
    wait(for: pid, grace: order.grace)
  }

  private static func readOrder() throws(MirrorError) -> SandboxOrder {
    let file = Descriptor(owning: orderDescriptor)
    do {
      let bytes = try file.bytes(upTo: Int(clamping: lseek(file.raw, 0, SEEK_END)))
      return try JSONDecoder().decode(SandboxOrder.self, from: Data(bytes))
    } catch {
      throw MirrorError(
        .invalid, argument, "is for internal use: \(error)", remedy: "\(run: .build)")
    }
  }

  private static func separate(_ plan: SandboxPlan) throws(MirrorError) {
    var flags = CLINUX_NEW_MOUNTS | CLINUX_NEW_PROCESSES | CLINUX_NEW_IPC | CLINUX_NEW_HOST_NAME
    if plan.network == .none { flags |= CLINUX_NEW_NETWORK }
    guard clinux_unshare(flags) == 0 else {
      let error = lastErrno()
      throw MirrorError(
        .system(error), "unshare(2)", "cannot create namespaces for a step: \(error)",
        remedy: "run as root, and see \(run: .doctor)")
    }
    try checked(clinux_make_private(), "make the mounts private", "/")
    if plan.network == .none { try checked(clinux_loopback_up(), "bring up", "lo") }
    if !plan.hostName.isEmpty {
      let name = plan.hostName
      try checked(clinux_set_host_name(name, name.utf8.count), "set the host name", name)
    }
  }

  /// Waits for pid 1 to end, and with it all processes of the step.
  private static func wait(for pid: pid_t, grace: Int) {
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
      deadline = .now + .seconds(grace)
      kill(pid, SIGTERM)
    }
  }
}
