import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The helper process of a ``Sandbox``, which starts steps: see ``SandboxHelper``.
///
/// It ends with this value, or when mirrorctl ends, because its socket is closed then.
final class HelperProcess: Sendable {
  private let socket: Descriptor
  private let child: ChildProcess

  /// - Parameter program: its program.
  init(_ program: FilePath) throws(MirrorError) {
    var ends: [Int32] = [-1, -1]
    try checked(clinux_socket_pair(&ends), "create a socket for", program.string)
    socket = Descriptor(owning: ends[0])
    child = try ChildProcess(
      pid: try Self.spawn(program, Descriptor(owning: ends[1])), name: program.string)
  }

  /// Whether it was killed.
  var hasEnded: Bool {
    var polled = pollfd(reading: child.descriptor)
    return poll(&polled, 1, 0) != 0
  }

  /// Starts what a memory file describes; the descriptors are those of ``SandboxHelper/Files``.
  func send(_ files: [Int32], for name: String) throws(MirrorError) {
    try checked(
      clinux_send(socket.raw, SandboxHelper.start, files, Int32(files.count)), "start the helper for", name)
  }

  /// Ends the step: with SIGTERM, and after the grace period with SIGKILL.
  func stop() { clinux_send(socket.raw, SandboxHelper.stop, [], 0) }

  /// Kills it and its step.
  func end() { child.signal(SIGKILL) }

  private static func spawn(
    _ program: FilePath, _ socket: consuming Descriptor
  ) throws(MirrorError) -> pid_t {
    // A duplicate with another number than it gets in the helper: only dup2 clears close-on-exec.
    let copy = Descriptor(
      owning: try checked(fcntl(socket.raw, F_DUPFD_CLOEXEC, 16), "pass a socket to", program.string))
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    var signals = allSignals()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    let faults = [
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
      posix_spawn_file_actions_adddup2(&actions, copy.raw, SandboxHelper.socket),
      posix_spawnattr_setsigdefault(&attributes, &signals),
      posix_spawnattr_setsigmask(&attributes, &signals),
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)),
    ]
    if let fault = faults.first(where: { $0 != 0 }) {
      throw .system(Errno(rawValue: fault), "prepare", program.string)
    }
    let variables: [String] = ["PATH", "LD_LIBRARY_PATH"].compactMap { variable in
      getenv(variable).map { variable + "=" + String(cString: $0) }
    }
    var pid = pid_t()
    let fault = withCStrings(["mirrorctl", SandboxHelper.argument]) { arguments in
      withCStrings(variables) { variables in
        posix_spawn(&pid, program.string, &actions, &attributes, arguments, variables)
      }
    }
    guard fault == 0 else { throw .system(Errno(rawValue: fault), "run", program.string) }
    return pid
  }
}
