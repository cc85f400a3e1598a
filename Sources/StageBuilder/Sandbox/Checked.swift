package import LinuxSystem
import Glibc

/// What a system call returned; throws an error that names the operation and the file where it failed.
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

/// Runs `body` with an array of C strings that ends in null.
func withCStrings<Result>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
  let copies = texts.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

extension Descriptor {
  /// An owner of the open file that this process writes its results to.
  package static func standardOutput() throws(MirrorError) -> Descriptor {
    Descriptor(
      owning: try checked(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "write to", "standard output"))
  }
}
