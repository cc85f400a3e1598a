import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// The process between mirrorctl and its steps: mirrorctl's own program, single-threaded from the start, as
/// namespaces require. It starts pid 1 of each step, see ``StepProcess``.
public enum SandboxHelper {
  /// Open files of a step's processes.
  struct Files {
    /// A handle of the helper process, see pidfd_open(2).
    let helper: Int32
    let report: Int32
    let output: Int32
    /// The terminal of an interactive step; otherwise invalid.
    let terminal: Int32
  }

  /// Its first and only argument.
  static let argument = "--sandbox-helper"
  /// Its end of the socket that connects it with mirrorctl.
  static let socket: Int32 = 3
  /// Message: start a step. Its descriptors are the order, the report, the output and the terminal, if any.
  static let start: CChar = 1
  /// Message: end the step.
  static let stop: CChar = 2

  /// Runs as the helper if this process was started as one.
  ///
  /// Programs that build with this library must call it first: before they start threads, install signal
  /// handlers or read options.
  ///
  /// - Parameter arguments: the arguments of the process, including its name.
  public static func runIfAsked(_ arguments: [String]) {
    guard arguments.count == 2, arguments[1] == argument else { return }
    // What mirrorctl itself inherited must not reach a step.
    clinux_close_descriptors(UInt32(socket) + 1)
    // SIGTERM of a user's `kill` ends mirrorctl, which then ends us.
    var signals = allSignals()
    sigprocmask(SIG_SETMASK, &signals, nil)
    umask(0o022)
    serve()
    _exit(0)
  }

  /// Starts steps until mirrorctl has closed the socket.
  private static func serve() {
    var files: [Int32] = [-1, -1, -1, -1]
    SandboxReport.prepare()
    let calls = Result { () throws(MirrorError) in try CallFilter() }
    while true {
      let message = clinux_receive(socket, &files)
      guard message > 0 else { return }
      let order = Descriptor(owning: files[0])
      let report = Descriptor(owning: files[1])
      let output = Descriptor(owning: files[2])
      let terminal = Descriptor(owning: files[3])
      // A step may have ended when its stop arrives.
      guard message == Int32(start) else { continue }
      do throws(MirrorError) {
        let order = try read(order)
        let writer = SandboxReport.Writer(raw: report.raw)
        switch order.task {
        case .trial(let directory):
          writer.tell(SandboxReport(confinement: try StepMounts.confinement(in: directory)))
        case .mount(let image): writer.tell(SandboxReport(canMount: StepMounts.canMount(image)))
        case .step(let plan):
          let helper = Descriptor(owning: try checked(clinux_process_handle(getpid()), "watch", "the helper"))
          let files = Files(
            helper: helper.raw, report: report.raw, output: output.raw, terminal: terminal.raw)
          guard let pid = try StepProcess.start(plan, calls.get(), files) else { continue }
          wait(for: try ChildProcess(pid: pid, name: plan.script.name), grace: order.grace)
        }
      } catch { SandboxReport.Writer(raw: report.raw).tell(error) }
    }
  }

  private static func read(_ file: borrowing Descriptor) throws(MirrorError) -> SandboxOrder {
    do {
      let bytes = try file.bytes(upTo: Int(clamping: lseek(file.raw, 0, SEEK_END)))
      return try JSONDecoder().decode(SandboxOrder.self, from: Data(bytes))
    } catch {
      throw MirrorError(.invalid, argument, "is for internal use: \(error)", remedy: "\(run: .build)")
    }
  }

  /// Waits for pid 1 to end, and with it all processes of the step. Ends it when mirrorctl says so: with SIGTERM,
  /// and after the grace period, in seconds, with SIGKILL. Kills it when mirrorctl has ended.
  private static func wait(for child: consuming ChildProcess, grace: Int) {
    var files: [Int32] = [-1, -1, -1, -1]
    var deadline: ContinuousClock.Instant?
    while true {
      var polled = [pollfd(reading: child.descriptor), pollfd(reading: socket)]
      let end = Waiting.wait(for: &polled, until: deadline, cancellation: nil)
      // If it is late, it is killed when it is dropped.
      if polled[0].revents != 0 || end == .late { return }
      guard polled[1].revents != 0 else { continue }
      guard clinux_receive(socket, &files) > 0 else {
        child.signal(SIGKILL)
        _exit(0)
      }
      if deadline == nil {
        deadline = .now + .seconds(grace)
        child.signal(SIGTERM)
      }
    }
  }
}
