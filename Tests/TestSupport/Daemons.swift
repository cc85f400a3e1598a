import Foundation
import Glibc
public import SystemPackage

/// An rsync daemon on the loopback interface, stopped with this value.
public final class RsyncDaemon {
  /// Where it listens.
  public let port: Int
  private let program: DaemonProcess

  /// Serves directories as writable modules of these names; `settings` are lines for each module.
  public init(_ modules: [String: FilePath], settings: [String] = [], in workspace: Workspace) throws {
    let port = try Loopback.freePort()
    let file = workspace.path.appending("rsyncd-\(port).conf").string
    var lines = ["use chroot = no", "log file = \(workspace.path)/rsyncd-\(port).log"]
    // By default it would run as nobody.
    if geteuid() == 0 { lines += ["uid = root", "gid = root"] }
    for (name, path) in modules {
      lines += ["[\(name)]", "path = \(path)", "read only = no", "munge symlinks = no"] + settings
    }
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: file))
    program = try DaemonProcess(
      [
        "/usr/bin/rsync", "--daemon", "--no-detach", "--config=\(file)", "--address=127.0.0.1",
        "--port=\(port)",
      ], in: workspace)
    self.port = port
    try program.wait(for: port)
  }

  /// The URL of a module.
  public func url(_ module: String) -> String { "rsync://127.0.0.1:\(port)/\(module)" }

  /// Stops it, as `deinit` does.
  public func stop() { program.end() }

  deinit { stop() }
}

/// An OpenSSH server on the loopback interface, stopped with this value; the current user can log in by key.
public final class SSHDaemon {
  /// Where it listens.
  public let port: Int
  /// The client's command, for `rsh` in a configuration.
  public let client: String
  private let program: DaemonProcess

  /// Starts it with new keys in the workspace.
  ///
  /// - Parameters:
  ///   - address: where it listens.
  ///   - launcher: begins its command, to run it where that address is.
  public init(in workspace: Workspace, on address: String = "127.0.0.1", launcher: [String] = []) throws {
    let port = try Loopback.freePort()
    let directory = workspace.path.appending("sshd-\(port)").string
    // Debian's OpenSSH requires it if root runs it.
    if geteuid() == 0 { try workspace.run(launcher + ["mkdir", "-p", "/run/sshd"]) }
    try workspace.shell(
      """
      mkdir -m 700 '\(directory)'; cd '\(directory)'
      ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f user
      cp user.pub authorized; chmod 600 authorized
      printf '[\(address)]:\(port) %s\\n' "$(cut -d' ' -f1,2 host.pub)" > known
      cat > conf <<END
      Port \(port)
      ListenAddress \(address)
      HostKey \(directory)/host
      AuthorizedKeysFile \(directory)/authorized
      StrictModes no
      UsePAM no
      PidFile none
      PermitRootLogin yes
      PasswordAuthentication no
      MaxStartups 100
      END
      """)
    program = try DaemonProcess(
      launcher + ["/usr/sbin/sshd", "-D", "-e", "-f", "\(directory)/conf"], in: workspace)
    self.port = port
    client = [
      "ssh -F /dev/null -p \(port) -i \(directory)/user -o IdentitiesOnly=yes",
      "-o UserKnownHostsFile=\(directory)/known -o GlobalKnownHostsFile=/dev/null",
    ].joined(separator: " ")
    guard launcher.isEmpty else {
      let probe = "until (: > /dev/tcp/\(address)/\(port)) 2> /dev/null; do sleep 0.02; done"
      let outcome = try workspace.run(launcher + ["timeout", "20", "bash", "-c", probe])
      guard outcome.status == 0 else {
        throw Workspace.ShellFailure(script: "sshd", message: "does not listen")
      }
      return
    }
    try program.wait(for: port)
  }

  /// Stops it, as `deinit` does.
  public func stop() { program.end() }

  deinit { stop() }
}

/// Ports of 127.0.0.1.
public enum Loopback {
  /// An unused port, below those that the kernel assigns to connections.
  public static func freePort() throws -> Int {
    while true {
      let port = Int.random(in: 10_000..<32_000)
      if try apply(bind, port) { return port }
      guard errno == EADDRINUSE else { throw Errno(rawValue: errno) }
    }
  }

  /// Whether a process listens on a port.
  static func isOpen(_ port: Int) throws -> Bool { try apply(connect, port) }

  /// Whether a call succeeds for a new socket and a port.
  private static func apply(
    _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ port: Int
  ) throws -> Bool {
    // Programs started meanwhile must not inherit it.
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard raw >= 0 else { throw Errno(rawValue: errno) }
    defer { Glibc.close(raw) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        call(raw, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}

/// A daemon that runs beside the test.
private final class DaemonProcess {
  private let program: RunningProgram

  init(_ command: [String], in workspace: Workspace) throws {
    // Its own process group, so that children serving hanging connections end with it.
    program = try RunningProgram(command, environment: workspace.environment, mixing: true, leads: true)
  }

  /// Waits until it listens on a port.
  func wait(for port: Int) throws {
    for _ in 0..<1000 {
      if try Loopback.isOpen(port) { return }
      guard program.isRunning else {
        throw Workspace.ShellFailure(script: "a daemon", message: try program.wait().text)
      }
      usleep(10_000)
    }
    throw Errno.timedOut
  }

  /// Stops it and waits for its end.
  func end() {
    guard program.isRunning else { return }
    kill(-program.pid, SIGTERM)
    for _ in 0..<200 where program.isRunning { usleep(10_000) }
    if program.isRunning { kill(-program.pid, SIGKILL) }
    _ = try? program.wait()
  }
}
