import Foundation
import Glibc
public import SystemPackage

/// The exit status and output of a program.
public struct Outcome: Sendable {
  /// Its exit status, or 128 plus the signal that ended it, as in a shell.
  public let status: Int32
  /// Standard output.
  public let output: [UInt8]
  /// Standard error.
  public let errors: [UInt8]

  /// Standard output as text.
  public var text: String { String(decoding: output, as: UTF8.self) }
  /// Standard error as text.
  public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// A program that runs beside the test.
///
/// Foundation's `Process` cannot be used: it waits for all processes that inherit its socket, and considers a
/// daemon that closes the socket as ended.
public final class RunningProgram {
  private let output: FileHandle
  private let errors: FileHandle
  /// Its process ID; `env` executes the program in the same process.
  public let pid: Int32
  private var ended: Int32?

  /// Starts it with exactly this environment; it prints to files, which cannot fill up like pipes.
  ///
  /// - Parameters:
  ///   - mixing: whether standard error is merged into standard output.
  ///   - leads: whether it gets its own process group.
  public init(
    _ command: [String], environment: [String: String], input: [UInt8] = [], mixing: Bool = false,
    leads: Bool = false
  ) throws {
    output = try Self.scratch()
    errors = mixing ? output : try Self.scratch()
    let standardInput = try Self.scratch()
    try standardInput.write(contentsOf: input)
    try standardInput.seek(toOffset: 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let files = [standardInput, output, errors].map(\.fileDescriptor)
    for (target, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file, Int32(target))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let group = leads ? POSIX_SPAWN_SETPGROUP : 0
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))
    var arguments = (["env"] + command).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var pid = pid_t()
    let fault = posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, &arguments, &variables)
    guard fault == 0 else { throw Errno(rawValue: fault) }
    self.pid = pid
  }

  deinit { _ = isRunning }

  private static func scratch() throws -> FileHandle {
    let path = "/tmp/mirrorctl-output-\(UUID())"
    let raw = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw Errno(rawValue: errno) }
    unlink(path)
    return FileHandle(fileDescriptor: raw, closeOnDealloc: true)
  }

  /// Whether it is running.
  public var isRunning: Bool {
    if ended == nil {
      var status: Int32 = 0
      if waitpid(pid, &status, WNOHANG) == pid { ended = status }
    }
    return ended == nil
  }

  /// Waits for its end.
  public func wait() throws -> Outcome {
    while isRunning {
      var status: Int32 = 0
      if waitpid(pid, &status, 0) == pid { ended = status } else if errno != EINTR { break }
    }
    // Another wait(2) reaped it.
    guard let status = ended else { throw Errno.noChildProcess }
    // See wait(2): the low seven bits are the signal.
    let signal = status & 0x7f
    try output.seek(toOffset: 0)
    let said = Array(try output.readToEnd() ?? Data())
    try errors.seek(toOffset: 0)
    return Outcome(
      status: signal != 0 ? 128 + signal : status >> 8 & 0xff, output: said,
      errors: Array(try errors.readToEnd() ?? Data()))
  }
}

/// The built program.
public enum Program {
  /// Its path, beside the test bundle, whose executable this process runs.
  public static let path = beside("mirrorctl")
  /// The example client of the libraries.
  public static let client = beside("mirror-client")

  private static func beside(_ name: String) -> FilePath {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return FilePath(own).removingLastComponent().appending(name)
  }

  /// Kills programs that hang; the limit is far longer than any test needs.
  public static let limited = ["timeout", "--foreground", "--signal=KILL", "300"]
}
