import MirrorModel
import LinuxSystem
public import MirrorTools

extension BuildReport {
  /// What the journal says about the build: the version, or the snapshots, that it made, or the failure.
  package func deeds(of request: BuildRequest) -> [JournalEntry.Deed] {
    let made = targets.filter { $0.outcome == .done && !$0.wasThere }
    let failed = targets.filter { $0.outcome == .failed }
    let snapshots = made.compactMap(\.path).filter { $0.place.isInSnapshots }
    var deeds = snapshots.map { JournalEntry.Deed(.built, $0) }
    guard let version = request.path?.appending(FileName(dated.description)) else { return deeds }
    let stages = made.filter { target in !(target.path.map(snapshots.contains) ?? false) }
    if failsSubarch, let target = failed.last {
      deeds.append(
        .init(.failed, version, reason: target.firstError.first ?? target.problem, detail: target.name))
    } else if !stages.isEmpty, outcome == .done {
      deeds.append(.init(.built, version, detail: stages.map(\.name).joined(separator: ", ")))
    }
    return deeds
  }
}

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
