public import MirrorTools

extension BuildPlan: Report {
  /// The build, and a line a target.
  public var lines: [ReportLine] {
    let targets = targets.map { target in
      guard let path = target.path else { return "  \(target.name): as the targets before it have it" }
      return "  \(target.name): \(path)\(target.isThere ? " (there already)" : "")"
    }
    return (["build \(build)"] + targets).asEssentialLines
  }
}

extension BuildReport: MirrorReport {
  /// What is wrong with a build, for the end; ``line(of:)`` tells of each target as it ends.
  public var notes: [String] {
    var notes = warnings + (problem.map { [$0] } ?? [])
    // Cron mails this: subarch and target, with the log in the problem's remedy, and what it says first.
    for target in targets where target.outcome != .done {
      notes.append("\(build): \(target.problem ?? "\(target.name): \(target.outcome.rawValue)")")
      notes += target.firstError.map { "\(target.name): | \($0)" }
    }
    notes += targets.compactMap(\.work).map { "\($0) is kept: remove it when you have seen it" }
    if let failcount, failcount > 0 { notes.append("\(build): failures in a row: \(failcount)") }
    return notes
  }

  /// Refused where a safety rule forbids it.
  public var status: ExitStatus {
    switch outcome {
    case .done: .done
    case .busy: .busy
    case .aborted: isRefused ? .refused : .failed
    case .failed, .interrupted: .failed
    }
  }
}

extension BuildReport.Target {
  /// What a target that is done made.
  ///
  /// - Parameter mirror: where the mirror is.
  public func line(in mirror: String) -> String {
    let path = path.map { "\(mirror)/\($0)" } ?? "done"
    if wasThere { return "\(name): \(path) is there already" }
    return "\(name): \(path)\(size.map { ", \(humanBytes($0))" } ?? ""), \(humanSeconds(seconds))"
  }
}
