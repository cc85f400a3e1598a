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
    var ends: [Int32] = [-1, -1]
    try checked(clinux_pipe(&ends), "create a pipe", name)
    let reports = Descriptor(owning: ends[0])
    let reporting = Descriptor(owning: ends[1])
    try checked(clinux_pipe(&ends), "create a pipe", name)
    let prints = Descriptor(owning: ends[0])
    let printing = Descriptor(owning: ends[1])
    try helper.send(
      [file.raw, reporting.raw, printing.raw] + (terminal.map { [$0.programs.raw] } ?? []), for: name)
    self.helper = helper
    self.reports = reports
    self.prints = prints
    self.terminal = terminal
    grace = order.grace
  }

  /// Copies and collects until all processes of the step have ended.
  consuming func listen(
    writingTo output: borrowing Descriptor, _ cancellation: Cancellation
  ) throws(MirrorError) -> Outcome {
    var outcome = Outcome()
    var said: [UInt8] = []
    var deadline: ContinuousClock.Instant?
    var polled = [pollfd(reports.raw), pollfd(prints.raw)]
    let raw = terminal?.begin()
    defer { raw?.restore() }
    while polled[0].fd >= 0 || polled[1].fd >= 0 {
      var all = polled + (terminal?.polled ?? [])
      // After the stop was passed on, only the deadline counts.
      let end = Waiting.wait(for: &all, until: deadline, cancellation: deadline == nil ? cancellation : nil)
      if all[0].revents != 0 {
        Self.read(&polled[0]) { if said.count < Self.mostReported { said += $0 } }
      }
      if all[1].revents != 0 {
        Self.read(&polled[1]) { bytes in
          guard outcome.writeFault == nil else { return }
          do throws(Errno) { try output.write(Array(bytes)) } catch { outcome.writeFault = error }
        }
      }
      terminal?.relay(all.dropFirst(2))
      if let deadline {
        if deadline < .now { helper.end() }
      } else if end == .cancelled {
        // The helper ends the step after the grace period; this is for a helper that hangs.
        deadline = .now + .seconds(grace + 5)
        outcome.wasCancelled = true
        helper.stop()
      }
    }
    outcome.reports = SandboxReport.lines(said)
    return outcome
  }

  /// Reads what is available; the entry's descriptor is -1 after the end.
  private static func read(_ polled: inout pollfd, _ take: (ArraySlice<UInt8>) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let file = polled.fd
    let count = (try? retrying { Glibc.read(file, &buffer, buffer.count) }) ?? 0
    if count > 0 { take(buffer[..<count]) } else { polled.fd = -1 }
  }
}

extension pollfd {
  /// An entry that waits until there is something to read.
  init(_ file: Int32) { self.init(fd: file, events: Int16(POLLIN), revents: 0) }
}
