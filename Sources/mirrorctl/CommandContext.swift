import Glibc
import MirrorTools
import StageBuilder
import Synchronization
import SystemPackage

/// What a verb sees of the world; tests give it another one.
struct CommandContext: Sendable {
  /// Results.
  let output: Sink
  /// Messages.
  let errors: Sink
  /// Whether messages go to a terminal, where progress may be shown.
  let showsProgress: Bool
  let environment: [String: String]
  /// Seconds since the epoch.
  let now: @Sendable () -> Int64
  /// Whether it is root outside of any namespace that mirrorctl made.
  let isRoot: Bool
  let probe: ProcessProbe
  let cancellation: Cancellation
  /// What was told so far.
  let messages = MessageLog()
  /// Where progress is shown meanwhile.
  let progress: ProgressArea

  /// The local day.
  var today: CalendarDate { CalendarDate(localDayOf: now()) }

  /// Where catalogs lie.
  var stateDirectory: FilePath {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
      return FilePath(state).appending("mirrorctl")
    }
    if isRoot { return "/var/lib/mirrorctl" }
    return FilePath(environment["HOME"] ?? "/").appending(".local/state/mirrorctl")
  }

  /// The spec tree that serves where the configuration names none.
  var specTree: FilePath? { SpecTree.find(program: .ofThisProgram, named: environment["MIRRORCTL_SPECS"]) }

  init(
    output: Sink, errors: Sink, showsProgress: Bool, environment: [String: String],
    now: @escaping @Sendable () -> Int64, isRoot: Bool, probe: ProcessProbe, cancellation: Cancellation
  ) {
    self.output = output
    self.errors = errors
    self.showsProgress = showsProgress
    self.environment = environment
    self.now = now
    self.isRoot = isRoot
    self.probe = probe
    self.cancellation = cancellation
    progress = ProgressArea(errors)
  }

  func print(_ line: String) { progress.clear { output.write(Array((line + "\n").utf8)) } }

  func message(_ text: String) {
    messages.add(text)
    progress.clear { errors.write(Array("mirrorctl: \(text)\n".utf8)) }
  }

  /// That of a process: standard streams, the system's clock, SIGINT and SIGTERM as requests to stop.
  ///
  /// - Parameter isRoot: whether the user is root, also where he goes on as root of a namespace.
  static func process(isRoot: Bool) -> CommandContext {
    let cancellation = Cancellation()
    SignalWatcher.watch { cancellation.cancel(signal: $0) }
    var environment: [String: String] = [:]
    for name in [
      "MIRRORCTL_MIRROR", "MIRRORCTL_CONFIG", "MIRRORCTL_ISA", "MIRRORCTL_SPECS", "XDG_STATE_HOME", "HOME",
      "TERM", "SOURCE_DATE_EPOCH", HookRunner.variable,
    ] {
      if let value = getenv(name) { environment[name] = String(cString: value) }
    }
    return CommandContext(
      output: .descriptor(STDOUT_FILENO), errors: .descriptor(STDERR_FILENO),
      showsProgress: isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb", environment: environment,
      now: { Int64(time(nil)) }, isRoot: isRoot, probe: .system, cancellation: cancellation)
  }
}

/// The messages of a run, for whoever is told of its end.
final class MessageLog: Sendable {
  private let texts = Mutex<[String]>([])
  /// A hook needs no more to know what is wrong.
  private static let limit = 1000

  /// In order; the first ones, where there are very many.
  var all: [String] { texts.withLock { $0 } }

  func add(_ text: String) { texts.withLock { if $0.count < Self.limit { $0.append(text) } } }
}

/// Where bytes go.
struct Sink: Sendable {
  let write: @Sendable ([UInt8]) -> Void
  /// Why bytes were lost, if some were.
  let fault: @Sendable () -> Errno?

  init(_ write: @escaping @Sendable ([UInt8]) -> Void, fault: @escaping @Sendable () -> Errno? = { nil }) {
    self.write = write
    self.fault = fault
  }

  /// Writes to an open descriptor; a reader that went away ends the process by SIGPIPE, as everywhere.
  ///
  /// After a fault nothing more is written: what follows a gap would be misread.
  static func descriptor(_ raw: Int32) -> Sink {
    let output = DescriptorOutput(raw)
    return Sink(output.write, fault: output.finish)
  }
}

/// An open descriptor that is written to, and the first fault of it.
private final class DescriptorOutput: Sendable {
  private let raw: Int32
  private let first = Mutex<Errno?>(nil)

  init(_ raw: Int32) { self.raw = raw }

  func write(_ bytes: [UInt8]) {
    first.withLock { first in
      guard first == nil else { return }
      do throws(Errno) { try writeAll(bytes) } catch { first = error }
    }
  }

  /// Some file systems report a lost write only when a descriptor is closed.
  func finish() -> Errno? {
    first.withLock { first in
      let copy = dup(raw)
      if copy >= 0, close(copy) != 0, first == nil { first = lastErrno() }
      return first
    }
  }

  private func writeAll(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      do throws(Errno) {
        let count = try retrying { rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) } }
        rest = rest.dropFirst(count)
      } catch {
        // Another program made what it shares with us non-blocking.
        guard error == .resourceTemporarilyUnavailable else { throw error }
        var ready = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
      }
    }
  }
}

/// Turns SIGINT and SIGTERM into calls on a thread of its own.
enum SignalWatcher {
  /// Must be called before any other thread is started. A second signal ends the process at once.
  static func watch(_ request: @escaping @Sendable (Int32) -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let work = Unmanaged.passRetained(Handler(request))
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        guard let handler = argument.map({ Unmanaged<Handler>.fromOpaque($0).takeRetainedValue() }) else {
          return nil
        }
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        var number: Int32 = 0
        if sigwait(&signals, &number) == 0 { handler.request(number) }
        if sigwait(&signals, &number) == 0 { _exit(128 + number) }
        return nil
      }, work.toOpaque())
    guard started == 0 else {
      // Without the thread the signals act as they always do.
      work.release()
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      return
    }
    pthread_detach(thread)
  }

  private final class Handler: Sendable {
    let request: @Sendable (Int32) -> Void
    init(_ request: @escaping @Sendable (Int32) -> Void) { self.request = request }
  }
}
