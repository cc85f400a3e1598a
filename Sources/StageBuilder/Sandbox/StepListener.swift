import LinuxSystem
import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// mirrorctl's side of a running step: copies what it prints, collects its reports, and passes on a stop.
struct StepListener: ~Copyable {
  /// How a step went.
  struct Outcome {
    var reports: [SandboxReport] = []
    var wasCancelled = false
    /// Whether it was ended by the time limit.
    var isLate = false
    /// Why some of its output was not written.
    var writeFault: Errno?
  }

  /// Largest total size of reports, in bytes: what is written to their pipe must not fill our memory.
  private static let mostReported = 1 << 20

  private let helper: HelperProcess
  private let reports: Descriptor
  private let prints: Descriptor
  private let terminal: StepTerminal?
  private let grace: Int

  /// Starts the step.
  ///
  /// - Parameter terminal: the terminal of an interactive step.
  init(
    _ helper: HelperProcess, _ order: SandboxOrder, terminal: StepTerminal?, name: String
  ) throws(MirrorError) {
    let file = Descriptor(owning: try checked(clinux_memory_file("step"), "create the order file", name))
    do { try file.write(Array(try JSONEncoder().encode(order))) } catch let error as Errno {
      throw .system(error, "send it to the helper", name)
    } catch {
      throw MirrorError(.invalid, name, "cannot be sent to the helper: \(error)")
    }
    let reports = try Pipe(for: name)
    let prints = try Pipe(for: name)
    try helper.send(
      [file.raw, reports.writing.raw, prints.writing.raw] + (terminal.map { [$0.programs.raw] } ?? []),
      for: name)
    self.helper = helper
    self.reports = reports.reading()
    self.prints = prints.reading()
    self.terminal = terminal
    grace = order.grace
  }

  /// Copies and collects until all processes of the step have ended.
  ///
  /// - Parameter limit: seconds.
  consuming func listen(
    writingTo output: borrowing Descriptor, limit: Int? = nil, _ cancellation: Cancellation
  ) throws(MirrorError) -> Outcome {
    var outcome = Outcome()
    var said: [UInt8] = []
    let end = limit.map { ContinuousClock.now + .seconds($0) }
    /// After the stop was passed on.
    var deadline: ContinuousClock.Instant?
    var polled = [pollfd(reading: reports.raw), pollfd(reading: prints.raw)]
    let raw = terminal?.begin()
    defer { raw?.restore() }
    while polled[0].fd >= 0 || polled[1].fd >= 0 {
      var all = polled + (terminal?.polled ?? [])
      // After the stop was passed on, only the deadline counts.
      let event = Waiting.wait(
        for: &all, until: deadline ?? end, cancellation: deadline == nil ? cancellation : nil)
      for index in polled.indices { polled[index].revents = all[index].revents }
      let report = polled[0].received()
      if said.count < Self.mostReported { said += report }
      write(polled[1].received(), to: output, &outcome)
      terminal?.relay(all.dropFirst(2))
      if let deadline {
        if deadline < .now { helper.end() }
      } else if event != .ready {
        // The helper ends the step after the grace period; this is for a helper that hangs.
        deadline = .now + .seconds(grace + 5)
        outcome.wasCancelled = event == .cancelled
        outcome.isLate = event == .late
        helper.stop()
      }
    }
    outcome.reports = SandboxReport.lines(said)
    return outcome
  }

  /// Writes what the step printed; after a failure the rest is only read.
  private borrowing func write(
    _ bytes: ArraySlice<UInt8>, to output: borrowing Descriptor, _ outcome: inout Outcome
  ) {
    guard !bytes.isEmpty, outcome.writeFault == nil else { return }
    do throws(Errno) { try output.write(Array(bytes)) } catch { outcome.writeFault = error }
  }
}
