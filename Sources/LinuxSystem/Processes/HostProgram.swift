import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// A host program that is run for its output or its effect.
package enum HostProgram {
  /// How a program ended, and its output.
  package struct Outcome: Sendable {
    /// Its exit status, or 128 plus the signal that ended it.
    package let status: Int32
    /// Standard output.
    package let output: [UInt8]
    /// The end of standard error, if it was kept.
    package let errors: [UInt8]
    /// Whether it was ended by the time limit.
    package let isLate: Bool
  }

  /// The destination of standard error.
  package enum Errors: Sendable {
    /// Our own standard error.
    case ours
    /// The outcome; only the last 64 KiB are kept.
    case kept
    /// Discarded.
    case lost
  }

  /// Runs a program and waits for it, whatever its status. It never outlives us.
  ///
  /// - Parameters:
  ///   - environment: added to our own.
  ///   - leads: whether it leads its own process group; the whole group ends with it, even if we are killed.
  ///     Such a program cannot prompt on a terminal.
  ///   - mask: its umask; nil for ours.
  ///   - limit: seconds after which it is ended.
  ///   - cancellation: also ends it; then `interrupted` is thrown.
  ///   - heard: receives its output as it is printed; then the outcome has no output.
  /// - Throws: when it cannot be started, or is interrupted.
  package static func run(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:], errors: Errors = .kept,
    leads: Bool = false, mask: Int32? = nil, limit: Int? = nil, cancellation: Cancellation? = nil,
    heard: (([UInt8]) -> Void)? = nil
  ) throws(MirrorError) -> Outcome {
    let name = command.first ?? ""
    // A file, not a pipe: the program may leave it unread.
    let source = Descriptor(owning: clinux_memory_file("input"))
    try attempt("store its input", name) { () throws(Errno) in
      if source.raw < 0 { throw lastErrno() }
      try source.write(input)
      try retrying { Int(lseek(source.raw, 0, SEEK_SET)) }
    }
    let output = try Pipe(for: name)
    let spoken = try Pipe(for: name)
    let started = try Pipe(for: name)
    let nowhere = Descriptor(owning: open("/dev/null", O_WRONLY | O_CLOEXEC))
    let destination =
      switch errors {
      case .ours: STDERR_FILENO
      case .kept: spoken.writing.raw
      case .lost: nowhere.raw
      }
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var arguments = command.map { strdup($0) } + [nil]
    var surroundings = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + surroundings { free(text) } }
    let pid = clinux_spawn(
      &arguments, &surroundings, source.raw, output.writing.raw, destination, started.writing.raw,
      leads ? 1 : 0, mask ?? -1)
    guard pid > 0 else { throw .system(lastErrno(), "run", name) }
    var child = Child(pid: pid, leads: leads)
    let outputEnd = output.reading()
    let spokenEnd = spoken.reading()
    if let fault = started.reading().failure() {
      _ = child.wait()
      throw fault == .noSuchFileOrDirectory
        ? MirrorError(.system(fault), name, "not found", remedy: "install it, or check PATH")
        : .system(fault, "run", name)
    }
    let began = ContinuousClock.now
    let outcome = try child.hear(
      outputEnd, spokenEnd, limit: limit, cancellation: cancellation, name: name, heard: heard)
    Log.step(
      "ran \(command.map { escaped(Array($0.utf8)) }.joined(separator: " ")): "
        + "status \(outcome.status), \(Log.seconds(since: began))")
    return outcome
  }

  /// Runs a program and returns its output; its standard error goes to ours.
  ///
  /// - Parameters:
  ///   - environment: added to our own.
  ///   - isSilent: whether standard error is discarded.
  /// - Throws: when it cannot be started, or fails.
  package static func ask(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:], isSilent: Bool = false
  ) throws(MirrorError) -> [UInt8] {
    let outcome = try run(
      command, input: input, environment: environment, errors: isSilent ? .lost : .ours)
    guard outcome.status == 0 else {
      throw MirrorError(
        .invalid, command.first ?? "",
        outcome.status > 128
          ? "was killed by signal \(outcome.status - 128)" : "failed with exit status \(outcome.status)",
        remedy: "see its message, or run it by hand")
    }
    return outcome.output
  }

  /// Runs blocks of Python in one interpreter, and returns the output of each.
  package static func python(_ blocks: [String]) throws(MirrorError) -> [String] {
    // As in Metro, `os` is imported and the blocks share their names.
    let driver = """
      import io, json, os, sys
      names, outputs = {"os": os}, []
      for block in json.load(sys.stdin):
          terminal, sys.stdout = sys.stdout, io.StringIO()
          try:
              exec(compile(block, "<?python", "exec"), names)
              outputs.append(sys.stdout.getvalue())
          finally:
              sys.stdout = terminal
      json.dump(outputs, sys.stdout)
      """
    guard let input = try? JSONEncoder().encode(blocks) else { return [] }
    let output = try ask(["python3", "-I", "-c", driver], input: Array(input))
    guard let outputs = OutsideJSON.decode([String].self, from: output),
      outputs.count == blocks.count
    else {
      throw MirrorError(
        .invalid, "python3", "did not print a list of strings", remedy: "check its output")
    }
    return outputs
  }
}

/// The two ends of a pipe that no other program inherits.
private struct Pipe: ~Copyable {
  private let source: Descriptor
  let writing: Descriptor

  init(for name: String) throws(MirrorError) {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw .system(lastErrno(), "create a pipe", name) }
    source = Descriptor(owning: ends[0])
    writing = Descriptor(owning: ends[1])
  }

  /// The reading end, when nobody here writes any more.
  consuming func reading() -> Descriptor { source }
}

extension Descriptor {
  /// The error of a failed exec; nil if it succeeded.
  fileprivate borrowing func failure() -> Errno? {
    var number: Int32 = 0
    let count = try? retrying { Glibc.read(raw, &number, MemoryLayout<Int32>.size) }
    return count == MemoryLayout<Int32>.size ? Errno(rawValue: number) : nil
  }
}

/// A running program that must be waited for.
private struct Child {
  /// Maximum output, in bytes.
  private static let mostSaid = 1 << 30

  let pid: Int32
  let leads: Bool
  private var status: Int32?

  init(pid: Int32, leads: Bool) {
    self.pid = pid
    self.leads = leads
  }

  /// Reads its output until it ends; does not wait for programs that it left behind.
  mutating func hear(
    _ output: borrowing Descriptor, _ errors: borrowing Descriptor, limit: Int?, cancellation: Cancellation?,
    name: String, heard: (([UInt8]) -> Void)?
  ) throws(MirrorError) -> HostProgram.Outcome {
    let deadline = limit.map { ContinuousClock.now + .seconds($0) }
    var (said, complaints) = ([UInt8](), [UInt8]())
    var isLate = false
    var lastReads = 0
    var polled = [
      pollfd(fd: output.raw, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors.raw, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let isOver = hasEnded()
      // A program that closed its output is about to end.
      let isSilent = polled.allSatisfy { $0.fd < 0 }
      let ready = poll(&polled, 2, isOver ? 0 : isSilent ? 2 : 50)
      if ready > 0 {
        if !take(&polled[0], into: &said) { polled[0].fd = -1 }
        if !take(&polled[1], into: &complaints) { polled[1].fd = -1 }
        if let heard, !said.isEmpty {
          heard(said)
          said = []
        }
        if complaints.count > 1 << 17 { complaints.removeFirst(complaints.count - 1 << 16) }
        guard said.count < Self.mostSaid else {
          end()
          throw MirrorError(.library, name, "prints too much output", remedy: "run it by hand")
        }
      }
      if isOver {
        // A program that it left behind may print forever; its own last output fits into a pipe.
        lastReads += 1
        if ready > 0, lastReads < 4 { continue }
        break
      }
      if let deadline, !isLate, ContinuousClock.now >= deadline {
        isLate = true
        end()
      }
      if let cancellation, cancellation.isCancelled {
        end()
        try cancellation.check()
      }
    }
    return HostProgram.Outcome(
      status: wait(), output: said, errors: Array(complaints.suffix(1 << 16)), isLate: isLate)
  }

  /// Reads available output; false at its end.
  private func take(_ polled: inout pollfd, into bytes: inout [UInt8]) -> Bool {
    guard polled.fd >= 0, polled.revents != 0 else { return true }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let file = polled.fd
    guard let count = try? retrying({ Glibc.read(file, &buffer, buffer.count) }), count > 0 else {
      return false
    }
    bytes += buffer[..<count]
    return true
  }

  private mutating func hasEnded() -> Bool {
    if status != nil { return true }
    var raw: Int32 = 0
    guard waitpid(pid, &raw, WNOHANG) == pid else { return false }
    status = raw
    return true
  }

  /// Sends SIGTERM, then SIGKILL if it is still running five seconds later; waits until its whole group is
  /// gone.
  private mutating func end() {
    let target = leads ? -pid : pid
    kill(target, SIGTERM)
    for _ in 0..<100 where !hasEnded() { usleep(50_000) }
    if !hasEnded() { kill(target, SIGKILL) }
    _ = wait()
    // Processes that outlive the leader are also killed after these five seconds.
    for _ in 0..<120 where leads && kill(target, 0) == 0 { usleep(50_000) }
  }

  /// Its exit status, or 128 plus the signal that ended it.
  mutating func wait() -> Int32 {
    while status == nil {
      var raw: Int32 = 0
      if waitpid(pid, &raw, 0) == pid { status = raw } else if errno != EINTR { status = 0 }
    }
    // See wait(2): the low seven bits are the signal that ended it.
    let raw = status ?? 0
    return raw & 0x7f != 0 ? 128 + raw & 0x7f : raw >> 8 & 0xff
  }
}
