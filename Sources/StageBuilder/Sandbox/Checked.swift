package import LinuxSystem
import Glibc

/// The result of a system call; if it failed, throws an error that names the operation and the file.
@discardableResult
func checked(
  _ result: Int32, _ operation: @autoclosure () -> String, _ subject: @autoclosure () -> String
) throws(MirrorError) -> Int32 {
  guard result < 0 else { return result }
  let error = lastErrno()
  throw .system(error, operation(), subject())
}

/// All signals.
func allSignals() -> sigset_t {
  var signals = sigset_t()
  sigfillset(&signals)
  return signals
}

/// Some signals.
func signalSet(_ numbers: Int32...) -> sigset_t {
  var signals = sigset_t()
  sigemptyset(&signals)
  for number in numbers { sigaddset(&signals, number) }
  return signals
}

/// Runs `body` with a null-terminated array of C strings.
func withCStrings<Result>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
  let copies = texts.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

extension Descriptor {
  /// An owner of the open file that is this process's standard output.
  package static func standardOutput() throws(MirrorError) -> Descriptor {
    Descriptor(
      owning: try checked(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "write", "standard output"))
  }
}
