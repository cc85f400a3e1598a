import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The terminal of an interactive step: a new one, so that the step cannot reach the terminal of mirrorctl,
/// which passes keys and output on between the two.
final class StepTerminal {
  /// The end that the step uses.
  let programs: Descriptor
  private let user: Descriptor
  private var hasInput = true

  /// A terminal with the size and the modes of standard input.
  init() throws(MirrorError) {
    var programs: Int32 = -1
    user = Descriptor(
      owning: try checked(clinux_new_terminal(STDIN_FILENO, &programs), "create", "a terminal"))
    self.programs = Descriptor(owning: programs)
  }

  /// The modes of standard input before ``begin()``.
  struct Modes {
    fileprivate var saved: termios

    func restore() {
      var saved = saved
      tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
    }
  }

  /// Leaves the interpretation of keys to the new terminal; nil unless standard input is a terminal.
  func begin() -> Modes? {
    var modes = termios()
    guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return nil }
    var raw = modes
    cfmakeraw(&raw)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    return Modes(saved: modes)
  }

  /// What to poll: the new terminal, and standard input.
  var polled: [pollfd] { [pollfd(reading: user.raw), pollfd(reading: hasInput ? STDIN_FILENO : -1)] }

  /// Copies what is available in both directions.
  func relay(_ polled: ArraySlice<pollfd>) {
    clinux_copy_window_size(STDIN_FILENO, user.raw)
    var buffer = [UInt8](repeating: 0, count: 4096)
    if polled.first?.revents ?? 0 != 0 {
      let count = read(user.raw, &buffer, buffer.count)
      if count > 0 { try? StandardStream.output.write(Array(buffer[..<count])) }
    }
    guard hasInput, polled.last?.revents ?? 0 != 0 else { return }
    // Little at once: if the terminal takes no more, the step's output must still be read.
    let count = read(STDIN_FILENO, &buffer, 256)
    if count > 0 { try? user.write(Array(buffer[..<count])) } else if errno != EINTR { hasInput = false }
  }
}
