import ArgumentParser
import Logging
import MirrorModel
import LinuxSystem
import MirrorTools
import StageBuilder
import Synchronization
import SystemPackage

/// The environment of a verb; tests provide their own.
struct CommandContext: Sendable {
  /// Receives results.
  let output: Sink
  /// Receives messages.
  let errors: Sink
  /// Whether messages go to a terminal, so that progress may be shown.
  let showsProgress: Bool
  /// The terminal to which results go; nil if they go to a file or a pipe.
  var screen: Screen?
  let environment: [String: String]
  /// Seconds since the epoch.
  let now: @Sendable () -> Int64
  /// Whether the user is root outside of any namespace created by mirrorctl.
  let isRoot: Bool
  let probe: ProcessProbe
  let cancellation: Cancellation
  /// Who runs the program, for the journal.
  var author = JournalAuthor.current
  /// Starts logging; `verbosity` is the number of `--verbose` flags.
  var startLog: @Sendable (_ verbosity: Int, _ write: @escaping @Sendable (String) -> Void) -> Void = {
    _, _ in
  }
  /// The messages written so far.
  let messages = MessageLog()
  /// Shows progress while a verb runs.
  let progress: ProgressArea

  /// The width of the terminal, for help and messages about usage.
  var columns: Int { screen?.columns ?? (showsProgress ? StandardStream.errors.size?.columns : nil) ?? 80 }

  /// The current date in local time.
  var today: CalendarDate { CalendarDate(localDayOf: now()) }

  /// `$MIRRORCTL_MIRROR`, absolute; nil if it is not set.
  var mirror: FilePath? {
    environment["MIRRORCTL_MIRROR"].flatMap { $0.isEmpty ? nil : FilePath($0).absolute }
  }

  /// The directory of a user's configuration; nil without a home directory.
  var configurationDirectory: FilePath? {
    if let place = environment["XDG_CONFIG_HOME"], place.hasPrefix("/") {
      return FilePath(place).appending("mirrorctl")
    }
    return home?.appending(".config/mirrorctl")
  }

  /// The home directory; nil if `HOME` is not set.
  var home: FilePath? { environment["HOME"].flatMap { $0.isEmpty ? nil : FilePath($0) } }

  /// The directory of the catalogs.
  var stateDirectory: FilePath {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
      return FilePath(state).appending("mirrorctl")
    }
    if isRoot { return "/var/lib/mirrorctl" }
    return FilePath(environment["HOME"] ?? "/").appending(".local/state/mirrorctl")
  }

  /// The directory in which builds work and keep their caches.
  var cacheDirectory: FilePath {
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      return FilePath(cache).appending("mirrorctl")
    }
    if isRoot { return "/var/cache/mirrorctl" }
    return FilePath(environment["HOME"] ?? "/").appending(".cache/mirrorctl")
  }

  /// The spec tree to use if the configuration names none.
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

  /// Prints lines to standard error without the program's name, like Metro's comments.
  func notice(_ lines: [String]) {
    progress.clear { for line in lines { errors.write(Array("\(line)\n".utf8)) } }
  }

  /// Reports a problem once per run, even if several steps find it.
  func tell(_ problem: MirrorError) {
    if messages.isNews(problem) { message(problem.text(\.commandLine)) }
  }

  func message(_ text: String) {
    messages.add(text)
    write(text)
  }

  /// Starts logging if `verbosity` is above 0.
  func log(_ verbosity: Int) {
    if verbosity > 0, messages.startsLog() { startLog(verbosity) { [self] in write($0) } }
  }

  private func write(_ text: String) {
    progress.clear { errors.write(Array("mirrorctl: \(text)\n".utf8)) }
  }

  /// The context of this process: standard streams, the system clock, stop signals.
  ///
  /// - Parameters:
  ///   - isRoot: whether the user is root outside of any namespace created by mirrorctl.
  ///   - author: the user outside of it.
  static func process(isRoot: Bool, author: JournalAuthor) -> CommandContext {
    let cancellation = Cancellation()
    StopSignals.watch { cancellation.cancel(signal: $0) }
    var environment: [String: String] = [:]
    for name in [
      "MIRRORCTL_MIRROR", "MIRRORCTL_CONFIG", "MIRRORCTL_ISA", "MIRRORCTL_SPECS", "XDG_STATE_HOME",
      "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME", "SHELL", "TERM", "NO_COLOR", "SOURCE_DATE_EPOCH",
      HookRunner.variable,
    ] {
      environment[name] = OwnProgram.variable(name)
    }
    var context = CommandContext(
      output: .stream(.output), errors: .stream(.errors),
      showsProgress: StandardStream.errors.isTerminal && environment["TERM"] != "dumb",
      environment: environment,
      now: { SystemClock.seconds }, isRoot: isRoot, probe: .system, cancellation: cancellation)
    context.author = author
    context.screen = Screen(environment)
    context.startLog = { verbosity, write in
      LoggingSystem.bootstrap { _ in LogOutput(verbosity: verbosity, write) }
    }
    return context
  }
}

/// The messages of a run, for its hooks.
final class MessageLog: Sendable {
  private let texts = Mutex<[String]>([])
  private let problems = Mutex<Set<MirrorError>>([])
  private let hasLog = Mutex(false)
  /// The maximum number of messages kept; a hook needs no more.
  private static let limit = 1000
  /// The maximum length of each in bytes.
  private static let width = 32 << 10

  /// In order; messages beyond the limit are dropped, and long ones are cut.
  var all: [String] { texts.withLock { $0 } }

  /// Drops the messages so far: they were passed to a hook.
  func forget() { texts.withLock { $0 = [] } }

  /// Records a problem; returns whether it is new.
  func isNews(_ problem: MirrorError) -> Bool { problems.withLock { $0.insert(problem).inserted } }

  /// Whether the log was not started before.
  func startsLog() -> Bool {
    hasLog.withLock { hasLog in
      defer { hasLog = true }
      return !hasLog
    }
  }

  func add(_ text: String) {
    texts.withLock { if $0.count < Self.limit { $0.append(text.cut(to: Self.width)) } }
  }
}

/// A destination for bytes.
struct Sink: Sendable {
  let write: @Sendable ([UInt8]) -> Void
  /// The error that lost bytes, if any.
  let fault: @Sendable () -> Errno?

  init(_ write: @escaping @Sendable ([UInt8]) -> Void, fault: @escaping @Sendable () -> Errno? = { nil }) {
    self.write = write
    self.fault = fault
  }

  /// Writes to a standard stream; if the reader is gone, SIGPIPE ends the process as usual.
  ///
  /// Nothing is written after an error, because output with a gap could be misread.
  static func stream(_ stream: StandardStream) -> Sink {
    let output = StreamOutput(stream)
    return Sink(output.write, fault: output.finish)
  }
}

/// A standard stream for writing, and its first error.
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

  /// The first error, including one that is only detected at the end.
  func finish() -> Errno? {
    first.withLock { first in
      if first == nil { do throws(Errno) { try stream.checkWritten() } catch { first = error } }
      return first
    }
  }
}

extension CommandContext {
  /// `$SOURCE_DATE_EPOCH`, in seconds since 1970; nil if it is not set.
  func sourceEpoch() throws -> Int64? {
    guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
    guard let seconds = Int64(text) else {
      throw ValidationError("SOURCE_DATE_EPOCH: `\(text)` is not a number of seconds.")
    }
    return seconds
  }
}
