import Foundation
import Glibc
public import SystemPackage

/// A cluster of Slurm with the nodes `node1` to `node3`, each with 2 CPUs, 1000 MB and a disk of its own at ``disk``; stopped
/// with this value.
///
/// It also ends if this process is killed: see the script.
public final class SlurmCluster {
  /// Whether one can be started here.
  public static let isPossible =
    geteuid() == 0 && ["slurmctld", "slurmd", "munged", "sbatch", "ip"].allSatisfy(Tool.exists)
    && (try? Tool.run("unshare", "--net", "true").status) == 0

  private static let script = FilePath(#filePath).removingLastComponent().appending("slurm-cluster").string

  private let directory: FilePath
  private let process: RunningProgram
  /// Begins a command that runs on the login node.
  public let launcher: [String]

  /// Starts it, and waits until all nodes are idle.
  ///
  /// - Parameter settings: more lines of slurm.conf.
  public init(_ settings: [String] = [], in workspace: Workspace) throws {
    directory = workspace.path.appending("cluster")
    try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
    if !settings.isEmpty {
      try Data(settings.map { $0 + "\n" }.joined().utf8).write(
        to: URL(fileURLWithPath: "\(directory)/extra.conf"))
    }
    process = try workspace.start([Self.script, directory.string, "serve", "\(getpid())"])
    let path = directory
    func first() -> String? { try? String(contentsOfFile: "\(path)/init", encoding: .utf8) }
    for _ in 0..<1500 where process.isRunning && access("\(directory)/started", F_OK) != 0 { usleep(20_000) }
    guard let first = first()?.trimmingCharacters(in: .whitespacesAndNewlines) else {
      throw Workspace.ShellFailure(script: "slurm-cluster", message: try process.wait().errorText)
    }
    launcher = ["nsenter", "--target", first, "--mount", "--pid", "--net", "--uts", "--ipc"]
    try wait("3 idle nodes") {
      try self.run("sinfo", "-h", "-p", "normal", "-t", "idle", "-o", "%D") == "3\n"
    }
  }

  deinit { stop() }

  /// Kills it.
  public func stop() {
    guard process.isRunning else { return }
    kill(process.pid, SIGKILL)
    _ = try? process.wait()
  }

  /// The address of the login node.
  public static let head = "10.77.0.100"

  /// A directory that is different on each node.
  public var disk: FilePath { directory.appending("disk") }

  /// Runs a command on the login node; returns its output.
  @discardableResult
  public func run(_ command: String...) throws -> String {
    let outcome = try RunningProgram(
      Program.limited + launcher + command, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    ).wait()
    guard outcome.status == 0 else {
      throw Workspace.ShellFailure(script: command.joined(separator: " "), message: outcome.errorText)
    }
    return outcome.text
  }

  /// Waits until a condition holds.
  public func wait(_ what: String, _ condition: () throws -> Bool) throws {
    for _ in 0..<600 {
      if try condition() { return }
      usleep(50_000)
    }
    let log = (try? String(contentsOfFile: "\(directory)/log/slurmctld", encoding: .utf8)) ?? ""
    throw Workspace.ShellFailure(script: "wait for \(what)", message: String(log.suffix(4000)))
  }

  /// Kills a node and all that runs on it, as a power failure does.
  public func killNode(_ number: Int) throws {
    try run(Self.script, directory.string, "node-kill", "\(number)")
  }

  /// Starts a killed node again.
  public func startNode(_ number: Int) throws {
    try run(Self.script, directory.string, "node-start", "\(number)")
  }

  /// Kills the controller, ends it with `TERM`, or makes it hang and go on with `STOP` and `CONT`.
  public func signalController(_ signal: String = "KILL") throws {
    try run(Self.script, directory.string, "controller-signal", signal)
  }

  /// Starts the controller again.
  ///
  /// - Parameter knowing: whether it still knows the jobs.
  public func startController(knowing: Bool = true) throws {
    try run(Self.script, directory.string, "controller-start", knowing ? "" : "-c")
  }
}
