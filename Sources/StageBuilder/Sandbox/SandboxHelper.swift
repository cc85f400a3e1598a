import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// The process between mirrorctl and its steps: mirrorctl's own program, single-threaded from the start, as
/// namespaces require. It starts one process for each step, see ``StepProcess``.
public enum SandboxHelper {
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
        let (order, calls) = (try read(order), try calls.get())
        let helper = Descriptor(owning: try checked(clinux_process_handle(getpid()), "watch", "the helper"))
        let pid = try checked(clinux_fork(), "start", order.task.name)
        if pid == 0 {
          StepProcess(order, calls, helper: helper, report: report, output: output, terminal: terminal).run()
        }
        try wait(for: try ChildProcess(pid: pid, name: order.task.name))
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

  /// Waits for the step's process; ends it when mirrorctl says so, and kills it when mirrorctl has ended.
  private static func wait(for child: consuming ChildProcess) throws(MirrorError) {
    var files: [Int32] = [-1, -1, -1, -1]
    while true {
      var polled = [pollfd(reading: child.descriptor), pollfd(reading: socket)]
      poll(&polled, 2, -1)
      if polled[0].revents != 0 { return }
      guard polled[1].revents != 0 else { continue }
      guard clinux_receive(socket, &files) > 0 else {
        child.signal(SIGKILL)
        _exit(0)
      }
      child.signal(SIGTERM)
    }
  }
}
