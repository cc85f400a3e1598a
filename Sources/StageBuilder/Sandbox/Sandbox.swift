package import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
package import SystemPackage

/// Runs the steps of a build in isolation: with their own mounts, processes, IPC and host name.
///
/// However mirrorctl ends, all processes and mounts of the step end with it.
package struct Sandbox: Sendable {
  private let helper: FilePath
  private let grace: Int

  /// - Parameters:
  ///   - helper: the program whose `main` begins with ``SandboxHelper/runIfAsked(_:)``.
  ///   - grace: seconds between SIGTERM and SIGKILL for a cancelled step.
  package init(helper: FilePath = OwnProgram.path, grace: Int = 10) {
    self.helper = helper
    self.grace = grace
  }

  /// Runs the step; its stdout and stderr go to `output`.
  ///
  /// - Throws: when it cannot be run, or with code `interrupted` when it was cancelled.
  package func run(
    _ plan: SandboxPlan, output: borrowing Descriptor, cancellation: Cancellation
  ) throws(MirrorError) -> StepEnd {
    try cancellation.check()
    let name = plan.script.name
    var ends: [Int32] = [-1, -1]
    try checked(clinux_pipe(&ends), "create a pipe", name)
    let source = Descriptor(owning: ends[0])
    let foreground = plan.interactive ? tcgetpgrp(STDIN_FILENO) : -1
    let helper = try start(plan, output, reporting: Descriptor(owning: ends[1]))
    let (reports, wasCancelled) = listen(to: source, helper, cancellation)
    while waitpid(helper, nil, 0) < 0 && errno == EINTR {}
    if foreground > 0 { takeTerminal(foreground) }
    StepLeftovers(root: plan.root ?? "/", made: reports.compactMap(\.made)).remove()
    if let fault = reports.lazy.compactMap(\.fault).first { throw fault.error }
    let status = reports.lazy.compactMap(\.waitStatus).last
    if wasCancelled && status != 0 { try cancellation.check() }
    guard let status else {
      throw MirrorError(
        .invalid, name, "was killed from outside, with all of its processes",
        remedy: "find out what killed it: the kernel log (dmesg) shows out-of-memory kills")
    }
    return StepEnd(waitStatus: status)
  }

  private func start(
    _ plan: SandboxPlan, _ output: borrowing Descriptor, reporting report: consuming Descriptor
  ) throws(MirrorError) -> pid_t {
    let name = plan.script.name
    let order = Descriptor(owning: try checked(clinux_memory_file("step"), "create the order file", name))
    do {
      let content = SandboxOrder(plan: plan, parent: getpid(), grace: grace)
      try order.write(Array(try JSONEncoder().encode(content)))
    } catch let error as Errno {
      throw .system(error, "send it to the helper", name)
    } catch {
      throw MirrorError(.invalid, name, "cannot be sent to the helper: \(error)")
    }
    // Duplicates with numbers above those that they get in the helper.
    let orderCopy = try apart(order, name)
    let reportCopy = try apart(report, name)
    let outputCopy = try apart(output, name)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if !plan.interactive {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_adddup2(&actions, outputCopy.raw, STDOUT_FILENO)
      posix_spawn_file_actions_adddup2(&actions, outputCopy.raw, STDERR_FILENO)
    }
    posix_spawn_file_actions_adddup2(&actions, orderCopy.raw, SandboxHelper.orderDescriptor)
    posix_spawn_file_actions_adddup2(&actions, reportCopy.raw, SandboxHelper.reportDescriptor)
    return try spawn(&actions)
  }

  private func apart(_ file: borrowing Descriptor, _ name: String) throws(MirrorError) -> Descriptor {
    Descriptor(owning: try checked(fcntl(file.raw, F_DUPFD_CLOEXEC, 16), "pass a descriptor", name))
  }

  private func spawn(_ actions: inout posix_spawn_file_actions_t) throws(MirrorError) -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = allSignals()
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let variables: [String] = ["PATH", "LD_LIBRARY_PATH"].compactMap { variable in
      getenv(variable).map { variable + "=" + String(cString: $0) }
    }
    var pid = pid_t()
    let fault = withCStrings(["mirrorctl", SandboxHelper.argument]) { arguments in
      withCStrings(variables) { variables in
        posix_spawn(&pid, helper.string, &actions, &attributes, arguments, variables)
      }
    }
    guard fault == 0 else { throw .system(Errno(rawValue: fault), "run", helper.string) }
    return pid
  }

  /// Reads reports until the helper and pid 1 have ended; sends the helper SIGTERM on cancellation.
  private func listen(
    to source: borrowing Descriptor, _ helper: pid_t, _ cancellation: Cancellation
  ) -> (reports: [SandboxReport], wasCancelled: Bool) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    var deadline: ContinuousClock.Instant?
    while true {
      var wanted = pollfd(fd: source.raw, events: Int16(POLLIN), revents: 0)
      if poll(&wanted, 1, 50) > 0 {
        let count = read(source.raw, &buffer, buffer.count)
        if count == 0 { break }
        // A step that writes to the pipe must not fill our memory.
        if count > 0 && bytes.count < 1 << 20 { bytes += buffer[..<count] }
      }
      if let deadline {
        if deadline < .now { kill(helper, SIGKILL) }
      } else if cancellation.isCancelled {
        // The helper itself ends the step after the grace period; this is for a helper that hangs.
        deadline = .now + .seconds(grace + 5)
        kill(helper, SIGTERM)
      }
    }
    return (SandboxReport.lines(bytes), deadline != nil)
  }

  /// Makes our process group the foreground group of the terminal again, after the step's shell used it.
  private func takeTerminal(_ group: pid_t) {
    var (stop, before) = (signalSet(SIGTTOU), sigset_t())
    pthread_sigmask(SIG_BLOCK, &stop, &before)
    tcsetpgrp(STDIN_FILENO, group)
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
}
