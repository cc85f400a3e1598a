import LinuxSystem
public import MirrorTools

extension BuildPlan: Report {
  /// The build, then one line per target.
  public var lines: [ReportLine] {
    let targets = targets.map { target in
      guard let path = target.path else { return "  \(target.name): path known once earlier targets exist" }
      return "  \(target.name): \(path)\(target.isThere ? " (already exists)" : "")"
        + (target.isOptional ? " (optional)" : "")
    }
    return (["build \(build)\(isCurrent ? ": nothing new" : "")"] + targets).asEssentialLines
  }
}

extension BuildReport: MirrorReport {
  /// One line if there is nothing new to build; ``line(of:)`` reports each target of a build as it ends.
  public var lines: [ReportLine] {
    isCurrent
      ? ["build \(build): nothing new: this version of the package tree is built"].asEssentialLines : []
  }

  /// What went wrong in a build, for the end of the run; ``line(of:)`` reports each target as it ends.
  public var notes: [String] { notes(ofSeveral: false) }

  /// The same.
  ///
  /// - Parameter ofSeveral: whether it is one of several builds.
  public func notes(ofSeveral: Bool) -> [String] {
    var notes = warnings + (problem.map { [ofSeveral ? "\(build): \($0)" : $0] } ?? [])
    notes += targets.compactMap { target in target.restarted.map { "\(build): \(target.name): \($0)" } }
    // Cron mails this: subarch and target, the log in the problem's remedy, and the first error in the log.
    for target in targets where target.outcome != .done {
      guard target.outcome != .interrupted else {
        notes.append("\(build): \(target.name): interrupted")
        continue
      }
      notes.append("\(build): \(target.problem ?? "\(target.name): \(target.outcome.rawValue)")")
      notes += target.firstError.map { "\(target.name): | \($0)" }
      notes += target.failcount.map { ["\(build): \(target.name): consecutive failures: \($0)"] } ?? []
    }
    notes += targets.compactMap(\.work).map { "\($0) is kept: resume the build, or remove it" }
    if let failcount, failcount > 0 { notes.append("\(build): consecutive failures: \(failcount)") }
    return notes
  }

  /// `refused` if a safety rule forbids the build; `partial` if only extras and optional variants failed.
  public var status: ExitStatus {
    switch outcome {
    case .done: targets.allSatisfy { $0.outcome == .done } && !lacksPackages ? .done : .partial
    case .busy: .busy
    case .aborted: isRefused ? .refused : .failed
    case .failed, .interrupted: .failed
    }
  }
}

extension BuildReport.Target {
  /// The line for a finished target.
  ///
  /// - Parameter mirror: path of the mirror.
  public func line(in mirror: String) -> String {
    let path = path.map { "\(mirror)/\($0)" } ?? "done"
    if wasThere { return "\(name): \(path) already exists" }
    let others = (files ?? []).dropFirst().map { ", \($0.path.name), \(humanBytes($0.size))" }.joined()
    return "\(name): \(path)\(size.map { ", \(humanBytes($0))" } ?? "")\(others)"
      + (resumed.map { ", resumed from \($0)" } ?? "") + (reproduced == true ? ", the same twice" : "")
      + (reused.map { ", that of \($0.name)" } ?? ", \(humanSeconds(seconds))")
  }
}
