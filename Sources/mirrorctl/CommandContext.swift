import Logging
import MirrorModel
import LinuxSystem
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
  /// Has a process tell what it does, as often as `--verbose` is given.
  var startLog: @Sendable (_ verbosity: Int, _ write: @escaping @Sendable (String) -> Void) -> Void = {
    _, _ in
  }
  /// What was said so far.
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

  /// Prints Metro's comments, which have no name before them, on standard error.
  func notice(_ lines: [String]) {
    progress.clear { for line in lines { errors.write(Array("\(line)\n".utf8)) } }
  }

  /// Tells what is wrong, once a run: its steps meet many things again.
  func tell(_ problem: MirrorError) {
    if messages.isNews(problem) { message(problem.text(\.commandLine)) }
  }

  func message(_ text: String) {
    messages.add(text)
    write(text)
  }

  /// Tells what the run does, if that is wanted.
  func log(_ verbosity: Int) {
    if verbosity > 0 { startLog(verbosity) { [self] in write($0) } }
  }

  private func write(_ text: String) {
    progress.clear { errors.write(Array("mirrorctl: \(text)\n".utf8)) }
  }

  /// That of a process: standard streams, the system's clock, SIGINT and SIGTERM as requests to stop.
  ///
  /// - Parameter isRoot: whether the user is root, also where he goes on as root of a namespace.
  static func process(isRoot: Bool) -> CommandContext {
    let cancellation = Cancellation()
    StopSignals.watch { cancellation.cancel(signal: $0) }
    var environment: [String: String] = [:]
    for name in [
      "MIRRORCTL_MIRROR", "MIRRORCTL_CONFIG", "MIRRORCTL_ISA", "MIRRORCTL_SPECS", "XDG_STATE_HOME", "HOME",
      "TERM", "SOURCE_DATE_EPOCH", HookRunner.variable,
    ] {
      environment[name] = OwnProgram.variable(name)
    }
    var context = CommandContext(
      output: .stream(.output), errors: .stream(.errors),
      showsProgress: StandardStream.errors.isTerminal && environment["TERM"] != "dumb",
      environment: environment,
      now: { SystemClock.seconds }, isRoot: isRoot, probe: .system, cancellation: cancellation)
    context.startLog = { verbosity, write in
      LoggingSystem.bootstrap { _ in LogOutput(verbosity: verbosity, write) }
    }
    return context
  }
}

/// The messages of a run, for whoever is told of its end.
final class MessageLog: Sendable {
  private let texts = Mutex<[String]>([])
  private let problems = Mutex<Set<MirrorError>>([])
  /// A hook needs no more to know what is wrong.
  private static let limit = 1000

  /// In order; the first ones, where there are very many.
  var all: [String] { texts.withLock { $0 } }

  /// Whether a problem was not met before.
  func isNews(_ problem: MirrorError) -> Bool { problems.withLock { $0.insert(problem).inserted } }

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

  /// Writes to a standard stream; a reader that went away ends the process by SIGPIPE, as everywhere.
  ///
  /// After a fault nothing more is written: what follows a gap would be misread.
  static func stream(_ stream: StandardStream) -> Sink {
    let output = StreamOutput(stream)
    return Sink(output.write, fault: output.finish)
  }
}

/// A standard stream that is written to, and its first fault.
private final class StreamOutput: Sendable {
  private let stream: StandardStream
  private let first = Mutex<Errno?>(nil)

  init(_ stream: StandardStream) { self.stream = stream }

  func write(_ bytes: [UInt8]) {
    first.withLock { first in
      guard first == nil else { return }
      do throws(Errno) { try stream.write(bytes) } catch { first = error }
    }
  }

  /// The first fault, also one that shows only at the end.
  func finish() -> Errno? {
    first.withLock { first in
      if first == nil { do throws(Errno) { try stream.checkWritten() } catch { first = error } }
      return first
    }
  }
}
