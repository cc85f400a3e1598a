import MirrorModel
import LinuxSystem
public import MirrorTools

extension BuildRecord {
  /// The catalog's record of a build; nil if nothing was built, or nothing counts.
  ///
  /// - Parameter now: seconds since the epoch.
  public init?(_ report: BuildReport, of request: BuildRequest, at now: Int64) {
    guard let subarch = request.path, report.targets.contains(where: { !$0.wasThere }),
      report.outcome == .done || report.failsSubarch
    else { return nil }
    let failed = report.targets.last { $0.outcome == .failed }
    let main = report.targets.first { $0.name.hasPrefix("stage3") } ?? report.targets.last
    self.init(
      subarch: subarch, version: FileName(report.dated.description), at: now,
      outcome: report.outcome == .done ? .ok : .fail, bytes: report.outcome == .done ? main?.size : nil,
      seconds: report.targets.reduce(0) { $0 + $1.seconds }, target: failed?.name,
      error: failed?.firstError.first ?? failed?.problem, log: failed?.log)
  }
}
