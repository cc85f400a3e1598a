import StageBuilder

/// A build's plan or report as lines.
struct BuildText {
  var lines: [String] = []
  /// What went wrong.
  var problems: [String] = []

  init(_ plan: BuildPlan) {
    lines =
      ["build \(plan.build)"]
      + plan.targets.map { target in
        guard let path = target.path else { return "  \(target.name): as the targets before it have it" }
        return "  \(target.name): \(path)\(target.isThere ? " (there already)" : "")"
      }
  }

  /// What a target that is done made.
  static func line(_ target: BuildReport.Target, in mirror: String) -> String {
    let path = target.path.map { "\(mirror)/\($0)" } ?? "done"
    if target.wasThere { return "\(target.name): \(path) is there already" }
    let size = target.size.map { ", \(humanBytes($0))" } ?? ""
    return "\(target.name): \(path)\(size), \(humanSeconds(target.seconds))"
  }

  /// What is wrong with a build, for the end; ``line(_:in:)`` was printed as each target ended.
  init(_ report: BuildReport) {
    problems += report.warnings
    if let problem = report.problem { problems.append(problem) }
    // Cron mails this: subarch and target, with the log in the problem's remedy, and what it says first.
    for target in report.targets where target.outcome != .done {
      problems.append("\(report.build): \(target.problem ?? "\(target.name): \(target.outcome.rawValue)")")
      for line in target.firstError { problems.append("\(target.name): | \(line)") }
    }
    for case let work? in report.targets.map(\.work) {
      problems.append("\(work) is kept: remove it when you have seen it")
    }
    if let count = report.failcount, count > 0 {
      problems.append("\(report.build): failures in a row: \(count)")
    }
  }
}
