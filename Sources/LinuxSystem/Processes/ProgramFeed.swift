import Glibc
import SystemPackage
import Synchronization

/// Writes the standard input of a program, on a thread of its own.
final class ProgramFeed<Written: Sendable>: Sendable {
  private let result = Monitor<Result<Written, MirrorError>?>(nil)

  /// - Parameters:
  ///   - pipe: the other end of the program's input; closed when `write` returns.
  ///   - name: of the program.
  init(
    _ pipe: consuming Descriptor, name: String,
    _ write: @escaping @Sendable (consuming Descriptor) throws(MirrorError) -> Written
  ) throws(MirrorError) {
    let handed = Shared(Mutex<Descriptor?>(pipe))
    let started = BackgroundThread.start { [result] in
      // The program may end before it has read everything. Threads that `write` starts inherit this.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      guard let pipe = handed.value.withLock({ $0.take() }) else { return }
      let written: Result<Written, MirrorError>
      do throws(MirrorError) { written = .success(try write(pipe)) } catch { written = .failure(error) }
      result.withLock { $0 = written }
    }
    guard started else { throw .system(.resourceTemporarilyUnavailable, "start a thread", name) }
  }

  /// Waits for its end.
  func wait() -> Result<Written, MirrorError> { result.wait { $0 } }
}

extension HostProgram {
  /// Runs a program that reads from a pipe what `write` writes, and waits for both. It never outlives us, nor
  /// does its process group.
  ///
  /// - Parameters:
  ///   - environment: added to our own.
  ///   - mask: its umask.
  ///   - cancellation: also ends it; then `interrupted` is thrown.
  ///   - write: runs on another thread; the descriptor is closed at its end.
  /// - Returns: how the program ended, and what `write` returned; nil if the program failed first.
  /// - Throws: the error of `write`, which may be the cause of that of the program; also when the program cannot
  ///   be started, is interrupted, or succeeds although it did not read everything.
  package static func run<Written: Sendable>(
    _ command: [String], environment: [String: String] = [:], mask: Int32? = nil, cancellation: Cancellation,
    feeding write: @escaping @Sendable (consuming Descriptor) throws(MirrorError) -> Written
  ) throws(MirrorError) -> (outcome: Outcome, written: Written?) {
    let name = command.first ?? ""
    let pipe = try Pipe(for: name)
    let writing = try attempt("create a pipe", name) { () throws(Errno) in try pipe.writing.duplicate() }
    let source = pipe.reading()
    let feed = try ProgramFeed(writing, name: name, write)
    let ran: Result<Outcome, MirrorError>
    do throws(MirrorError) {
      ran = .success(
        try run(
          command, from: source, environment: environment, errors: .kept, leads: true, mask: mask,
          limit: nil, cancellation: cancellation, heard: nil))
    } catch { ran = .failure(error) }
    // Nobody reads the pipe any more, so it ends too.
    let written = feed.wait()
    let outcome = try ran.get()
    switch written {
    case .success(let written): return (outcome, written)
    case .failure(let fault):
      guard fault.code == .system(.brokenPipe) else { throw fault }
      guard outcome.status == 0 else { return (outcome, nil) }
      throw MirrorError(.library, name, "ended before it read all of its input", remedy: "run it by hand")
    }
  }
}
