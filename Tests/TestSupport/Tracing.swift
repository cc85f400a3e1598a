import Foundation

/// `strace`, which kills or stops a run at a chosen system call.
public enum Tracing {
  /// Whether it can trace here and send signals; containers often deny ptrace.
  public static let works: Bool = {
    let command = arguments(trace: ["write"], inject: "write:signal=KILL:when=1") + ["echo", "x"]
    let outcome = try? RunningProgram(command, environment: ["PATH": "/usr/bin:/bin"]).wait()
    return outcome?.status == 137
  }()

  /// The reason for skipping a test.
  public static let reason = "strace cannot trace here"

  /// The command line prefix for a traced program.
  public static func arguments(trace: [String], inject: String? = nil, log: String = "/dev/null") -> [String]
  {
    ["strace", "-f", "-qq", "-o", log, "-e", "trace=\(trace.joined(separator: ","))", "-e", "signal=none"]
      + (inject.map { ["-e", "inject=\($0)"] } ?? [])
  }

  /// The number of times that each call occurs in a log; the maximum over threads, like `when=` counts.
  public static func counts(log: String) throws -> [String: Int] {
    var counts: [String: [Substring: Int]] = [:]
    for line in try String(contentsOfFile: log, encoding: .isoLatin1).split(separator: "\n") {
      // `<... write resumed>` is the end of a call that is already counted.
      guard let match = line.prefixMatch(of: /([0-9]+) +([a-z0-9_]+)\(/) else { continue }
      counts[String(match.2), default: [:]][match.1, default: 0] += 1
    }
    return counts.mapValues { $0.values.max() ?? 0 }
  }
}
