import Foundation

/// `strace`, which ends or halts a run at a system call of our choice.
public enum Tracing {
  /// Whether it may trace here and can send signals; ptrace is often denied in containers.
  public static let works: Bool = {
    let command = arguments(trace: ["write"], inject: "write:signal=KILL:when=1") + ["echo", "x"]
    let outcome = try? RunningProgram(command, environment: ["PATH": "/usr/bin:/bin"]).wait()
    return outcome?.status == 137
  }()

  /// Why a test is skipped.
  public static let reason = "strace cannot trace here"

  /// The command line in front of a traced program.
  public static func arguments(trace: [String], inject: String? = nil, log: String = "/dev/null") -> [String]
  {
    ["strace", "-f", "-qq", "-o", log, "-e", "trace=\(trace.joined(separator: ","))", "-e", "signal=none"]
      + (inject.map { ["-e", "inject=\($0)"] } ?? [])
  }

  /// How often each call occurs in a log, on the thread that makes it most: `when=` counts by thread.
  public static func counts(log: String) throws -> [String: Int] {
    var counts: [String: [Substring: Int]] = [:]
    for line in try String(contentsOfFile: log, encoding: .isoLatin1).split(separator: "\n") {
      // `<... write resumed>` is the end of a call that was counted already.
      guard let match = line.prefixMatch(of: /([0-9]+) +([a-z0-9_]+)\(/) else { continue }
      counts[String(match.2), default: [:]][match.1, default: 0] += 1
    }
    return counts.mapValues { $0.values.max() ?? 0 }
  }
}
