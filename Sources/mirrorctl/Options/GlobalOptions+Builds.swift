import LinuxSystem
import MirrorTools
import StageBuilder

/// What follows a build.
extension GlobalOptions {
  /// Adds a build to the catalog and the journal.
  func record(
    _ report: BuildReport, of request: BuildRequest, _ run: MirrorRun, _ event: RunEvent,
    _ context: CommandContext
  ) {
    if let record = BuildRecord(report, of: request, at: context.now()) {
      do throws(MirrorError) { try run.catalog().note([record]) } catch { context.tell(error) }
    }
    run.journal(report.deeds(of: request), as: event.verb)
  }

  /// What left the rotation. It is reported once, when it happens, so that cron sends one mail.
  func notices(of report: BuildReport, _ rotation: RotationSettings) -> [String] {
    let targets = report.targets.filter { $0.failcount.map(rotation.givesUp(after:)) ?? false }
    let isOut = report.outcome == .failed && report.failcount.map(rotation.givesUp(after:)) ?? false
    return (targets.map { "\(report.build): \($0.name)" } + (isOut ? [report.build] : [])).map {
      "\($0): is out of the rotation now: run `mirrorctl zap` once the cause is fixed"
    }
  }

  /// Writes the lists that name what was built, where downloaders look for them.
  func offer(_ report: BuildReport, _ run: MirrorRun, _ context: CommandContext) {
    let offer = OfferRun(run, report.targets.filter { $0.outcome == .done }.compactMap(\.path))
    guard report.outcome == .done, !report.isCurrent, offer.isUsual else { return }
    do throws(MirrorError) {
      for problem in try offer.apply() { context.tell(problem) }
    } catch { context.tell(error) }
  }
}
