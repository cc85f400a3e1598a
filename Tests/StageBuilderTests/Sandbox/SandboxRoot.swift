import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

/// A tiny busybox root, and the means to run steps in it.
struct SandboxRoot {
  static let applets = [
    "awk", "cat", "chmod", "cp", "echo", "env", "find", "grep", "head", "hostname", "id", "ip", "kill", "ln",
    "ls",
    "mkdir", "mknod", "mount", "mv", "ps", "readlink", "rm", "rmdir", "sed", "setsid", "sh", "sleep", "sort",
    "stat", "test", "touch", "true", "tty", "umount", "uname", "wc",
  ]

  /// The root of steps on the host, for `chown`.
  static let stepRoot = "\(Confinement.firstID):\(Confinement.firstID)"

  /// Other files of the test are in its ``Workspace/path``.
  let directory: Workspace
  var path: FilePath { directory.path.appending("root") }

  init() throws {
    directory = try Workspace()
    let links = Self.applets.map { "ln -s busybox root/bin/\($0)" }.joined(separator: "; ")
    try directory.shell("mkdir -p root/bin root/etc root/tmp; cp /bin/busybox root/bin/; \(links)")
  }

  func plan(_ script: String, _ change: (inout SandboxPlan) -> Void = { _ in }) -> SandboxPlan {
    var plan = SandboxPlan(
      root: path.string, network: .none, hostName: "inside",
      script: .init(name: "steps/chroot/run", text: "#!/bin/sh\n\(script)\n"),
      environment: ["PATH": "/bin", "GREETING": "good day"])
    change(&plan)
    return plan
  }

  /// Runs a step with the built program, from this process.
  func run(
    _ plan: SandboxPlan, grace: Int = 10, cancellation: Cancellation = Cancellation()
  ) throws -> (end: StepEnd, text: String) {
    let log = directory.path.appending("log-\(UInt32.random(in: 0 ... .max))")
    let raw = open(log.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try #require(raw >= 0)
    let output = Descriptor(owning: raw)
    let end = try StageBuilder.Sandbox(helper: Program.path, grace: grace)
      .run(plan, output: output, cancellation: cancellation)
    return (end, try String(contentsOfFile: log.string, encoding: .utf8))
  }

  /// Runs a script that must succeed; returns its output.
  func print(_ script: String, _ change: (inout SandboxPlan) -> Void = { _ in }) throws -> String {
    let (end, text) = try run(plan(script, change))
    #expect(end == .exited(0), "\(text)")
    return text
  }

  /// A command that runs the plan in a separate process, which a test may kill.
  func command(_ plan: SandboxPlan, grace: Int = 10) throws -> [String] {
    let file = directory.path.appending("plan-\(UInt32.random(in: 0 ... .max)).json")
    try JSONEncoder().encode(plan).write(to: URL(fileURLWithPath: file.string))
    return [Program.path.string, "step", "--grace", "\(grace)", file.string]
  }
}

/// The machine's mounts and processes.
enum Host {
  /// Whether steps can run here at all.
  static let isRoot = geteuid() == 0
  static let needsRoot: Comment = "namespaces need root"

  /// The host's mount table, without what other tests mount in their own directories meanwhile.
  static func mounts(_ root: SandboxRoot) throws -> [Substring] {
    try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n").filter {
      !$0.contains("/tmp/mirrorctl-") || $0.contains(root.directory.path.string)
    }
  }

  /// The processes whose command line or environment contains a word.
  static func processes(_ word: String) -> [Int32] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap(Int32.init).filter { pid in
      let texts = ["cmdline", "environ"].map {
        FileManager.default.contents(atPath: "/proc/\(pid)/\($0)") ?? Data()
      }
      return pid != getpid() && texts.contains { String(decoding: $0, as: UTF8.self).contains(word) }
    }
  }

  /// Waits until a condition holds, far longer than necessary.
  static func wait(_ condition: () throws -> Bool) throws {
    for _ in 0..<3000 {
      if try condition() { return }
      usleep(10_000)
    }
    Issue.record("it did not come to pass")
  }
}
