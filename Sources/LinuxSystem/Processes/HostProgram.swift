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

    /// The last lines of standard error, for messages; at most 500 bytes.
    package func lastErrors(_ lines: Int) -> [String] {
      String(decoding: errors.suffix(500), as: UTF8.self).split(separator: "\n").suffix(lines).map(
        String.init)
    }
  }

  /// The destination of standard error.
  package enum Errors: Sendable {
    /// Our own standard error.
    case ours
    /// The outcome; only the last 64 KiB are kept.
    case kept
    /// Discarded.
    case lost

    fileprivate var isLost: Bool { if case .lost = self { true } else { false } }
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
  ///   - enough: asked after each output that was heard, whether to end the program.
  /// - Throws: when it cannot be started, or is interrupted.
  package static func run(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:], errors: Errors = .kept,
    leads: Bool = false, mask: Int32? = nil, limit: Int? = nil, cancellation: Cancellation? = nil,
    heard: (([UInt8]) -> Void)? = nil, enough: () -> Bool = { false }
  ) throws(MirrorError) -> Outcome {
    let name = command.first ?? ""
    // A file, not a pipe: the program may leave it unread.
    let source = Descriptor(owning: clinux_memory_file("input"))
    try attempt("store its input", name) { () throws(Errno) in
      if source.raw < 0 { throw lastErrno() }
      try source.write(input)
      try retrying { Int(lseek(source.raw, 0, SEEK_SET)) }
    }
    return try run(
      command, from: source, environment: environment, errors: errors, leads: leads, mask: mask, limit: limit,
      cancellation: cancellation, heard: heard, enough: enough)
  }

  /// As above, with standard input from `source`, which is closed here once the program has it.
  static func run(
    _ command: [String], from source: consuming Descriptor, environment: [String: String], errors: Errors,
    leads: Bool, mask: Int32?, limit: Int?, cancellation: Cancellation?, heard: (([UInt8]) -> Void)?,
    enough: () -> Bool = { false }
  ) throws(MirrorError) -> Outcome {
    let name = command.first ?? ""
    let output = try Pipe(for: name)
    let spoken = try Pipe(for: name)
    let started = try Pipe(for: name)
    let group = try Pipe(for: name, isNeeded: leads)
    let nowhere = Descriptor(owning: errors.isLost ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1)
    if errors.isLost, nowhere.raw < 0 { throw .system(lastErrno(), "open", "/dev/null") }
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
      group.writing.raw, mask ?? -1)
    let spawned = lastErrno()
    // A writer at the other end of a pipe notices when the program no longer reads.
    _ = consume source
    guard pid > 0 else { throw .system(spawned, "run", name) }
    let child = try ChildProcess(pid: pid, name: name)
    let fault = started.reading().failure()
    var program = ProgramRun(
      child, output: output.reading(), errors: spoken.reading(), group: group.reading(), name: name)
    if let fault {
      throw fault == .noSuchFileOrDirectory
        ? MirrorError(.system(fault), name, "not found", remedy: "install it, or check PATH")
        : .system(fault, "run", name)
    }
    let began = ContinuousClock.now
    let outcome = try program.hear(limit: limit, cancellation: cancellation, heard: heard, enough: enough)
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

extension Descriptor {
  /// The error of a failed exec; nil if it succeeded.
  fileprivate borrowing func failure() -> Errno? {
    var number: Int32 = 0
    let count = try? retrying { Glibc.read(raw, &number, MemoryLayout<Int32>.size) }
    return count == MemoryLayout<Int32>.size ? Errno(rawValue: number) : nil
  }
}
