public import LinuxSystem
import MirrorModel

/// Promotes the candidates that are due by `build/promote`: of each subarch the newest one, or in a
/// layout by name those with the newest file of a name.
public struct PromotionRun {
  private let run: MirrorRun
  private let settings: PromotionSettings

  /// - Parameter settings: when candidates are promoted.
  public init(_ run: MirrorRun, _ settings: PromotionSettings) {
    (self.run, self.settings) = (run, settings)
  }

  /// Promotes them. A check that fails is reported at most once a day.
  public func apply() throws(MirrorError) -> PromotionReport {
    let mirror = try run.scan()
    var report = PromotionReport(mirror: "\(mirror.root)")
    for version in mirror.subarches.flatMap(\.newestCandidates) {
      do throws(MirrorError) {
        guard
          let reason = try settings.reason(
            for: version, in: mirror, today: run.environment.today, cancellation: run.environment.cancellation
          )
        else { continue }
        let promoted = try PromoteRun(run, version.path, reason: reason).apply()
        report.add(promoted)
      } catch {
        guard error.code != .interrupted else { throw error }
        let isNews = (try? run.catalog().isDue("\(error)", at: run.environment.now())) ?? true
        if isNews { report.messages.append(error) }
      }
    }
    return report
  }
}

/// Promoted candidates.
public struct PromotionReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// Promoted versions.
  public private(set) var promoted: [MirrorPath] = []
  /// Failed checks, and what could not be promoted.
  public internal(set) var messages: [MirrorError] = []

  private enum CodingKeys: CodingKey { case mirror, promoted }

  init(mirror: String) { self.mirror = mirror }

  fileprivate mutating func add(_ report: ReleaseReport) {
    if report.isDone { promoted.append(report.path) }
    messages += report.messages
  }

  /// The promoted versions.
  public var summary: String? {
    promoted.isEmpty ? nil : promoted.map { "\($0) promoted" }.joined(separator: ", ")
  }
}
