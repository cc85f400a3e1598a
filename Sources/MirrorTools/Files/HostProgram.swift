import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// A program of the host that is asked something.
package enum HostProgram {
  /// Runs it and gives what it prints; what it says on standard error goes where ours does.
  ///
  /// - Parameters:
  ///   - environment: added to our own.
  ///   - isSilent: whether what it says on standard error is lost.
  /// - Throws: when it cannot be started, or fails.
  package static func ask(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:], isSilent: Bool = false
  ) throws(MirrorError) -> [UInt8] {
    let name = command.first ?? ""
    // A file, not a pipe: the program may leave it unread.
    let source = Descriptor(owning: clinux_memory_file("input"))
    try attempt("keep what is told to", name) { () throws(Errno) in
      if source.raw < 0 { throw lastErrno() }
      try source.write(input)
      try retrying { Int(lseek(source.raw, 0, SEEK_SET)) }
    }
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw .system(lastErrno(), "make a pipe for", name) }
    let sink = Descriptor(owning: ends[0])
    let pid = try spawn(
      command, environment, reading: source, writing: Descriptor(owning: ends[1]), isSilent)
    let output = try attempt("hear", name) { () throws(Errno) in try readAll(sink) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    // See wait(2): the low seven bits are the signal that ended it.
    let signal = status & 0x7f
    guard status == 0 else {
      let code = status >> 8 & 0xff
      throw MirrorError(
        .invalid, name, signal != 0 ? "was ended by signal \(signal)" : "failed with exit status \(code)",
        remedy: "see what it says, or run it by hand")
    }
    return output
  }

  private static func spawn(
    _ command: [String], _ environment: [String: String], reading: borrowing Descriptor,
    writing: consuming Descriptor, _ isSilent: Bool
  ) throws(MirrorError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, reading.raw, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, writing.raw, STDOUT_FILENO)
    if isSilent { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
    // We block signals to hear them on a thread; the program shall not.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var arguments = command.map { strdup($0) } + [nil]
    var surroundings = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + surroundings { free(text) } }
    var pid = pid_t()
    let fault = posix_spawnp(&pid, command.first ?? "", &actions, &attributes, &arguments, &surroundings)
    switch Errno(rawValue: fault) {
    case _ where fault == 0: return pid
    case .noSuchFileOrDirectory:
      throw MirrorError(
        .system(.noSuchFileOrDirectory), command.first ?? "", "is not to be found",
        remedy: "install it, or check PATH")
    case let error: throw .system(error, "run", command.first ?? "")
    }
  }

  private static func readAll(_ file: borrowing Descriptor) throws(Errno) -> [UInt8] {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try retrying { read(file.raw, &buffer, buffer.count) }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }

  /// Runs blocks of Python in one interpreter, and gives what each printed.
  static func python(_ blocks: [String]) throws(MirrorError) -> [String] {
    // `os` is imported and the blocks share their names, as in Metro.
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
    guard let outputs = try? JSONDecoder().decode([String].self, from: Data(output)),
      outputs.count == blocks.count
    else {
      throw MirrorError(
        .invalid, "python3", "answered what is no list of texts", remedy: "see what it prints")
    }
    return outputs
  }
}
