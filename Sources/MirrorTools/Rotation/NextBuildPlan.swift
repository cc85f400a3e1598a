public import MirrorModel
public import LinuxSystem

/// The next build of the rotation, and subarches that were passed over.
public struct NextBuildPlan: MirrorReport, Codable, Sendable, Hashable {
  /// Root of the mirror.
  public let mirror: String
  /// The next build; nil if everything is current.
  public let next: NextBuild?
  /// Subarches that come before it, but are being built.
  public let inProgress: [MirrorPath]
  /// Subarches that failed too often and wait for `zap`, and single extras and optional variants.
  public let givenUp: [GivenUp]

  /// A subarch that was taken out of the rotation, or one of its targets.
  public struct GivenUp: Codable, Sendable, Hashable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// The extra or optional variant; nil for the subarch itself.
    public let target: FileName?
    /// Number of consecutive failures.
    public let failcount: Int
  }

  /// Chooses the next build as Metro does.
  ///
  /// - Parameter excluded: subarches for which there is nothing new to build.
  /// - Throws: if the program that decides how to build fails.
  public init(
    _ mirror: Mirror, _ settings: RotationSettings, today: CalendarDate,
    excluding excluded: Set<MirrorPath> = []
  ) throws(MirrorError) {
    let queue = settings.managed(in: mirror).filter { !excluded.contains($0.path) }
      .compactMap { subarch in Turn(of: subarch, settings, today).map { (turn: $0, subarch: subarch) } }
      // The sort is stable: ties keep the order of the settings.
      .sorted { $0.turn < $1.turn }
      .map(\.subarch)
    let busy = queue.prefix { $0.control.liveBuildLock != nil }
    self.mirror = "\(mirror.root)"
    inProgress = busy.map(\.path)
    givenUp = settings.managed(in: mirror).flatMap { subarch in
      let control = subarch.control
      let whole = GivenUp(path: subarch.path, target: nil, failcount: control.failcount)
      return (settings.hasGivenUp(subarch) ? [whole] : [])
        + settings.givenUpTargets(of: subarch).map {
          GivenUp(path: subarch.path, target: $0, failcount: control.targetFailcounts[$0] ?? 0)
        }
    }
    guard let subarch = queue.dropFirst(busy.count).first else {
      next = nil
      return
    }
    let decision = try settings.decision(for: subarch)
    let leftOut = settings.givenUpTargets(of: subarch).map(\.description)
    next = NextBuild(
      build: subarch.build, archDesc: subarch.arch, subarch: subarch.name,
      fullDate: subarch.newestComplete?.date, nextDate: VersionDate(today),
      failcount: subarch.control.failcount, target: decision.mode,
      extras: decision.extras.filter { !leftOut.contains($0) }, leftOut: leftOut)
  }

  /// Metro's shell assignments; empty if everything is current.
  public var lines: [ReportLine] {
    next?.shellAssignments.map { ReportLine(bytes: $0, isEssential: true) } ?? []
  }

  /// One line per subarch that was passed over: in Metro's words if it is being built, and for those given
  /// up.
  ///
  /// - Parameter action: returns the text of an action in a notice.
  public func notices(naming action: (Remedy.Action) -> String = \.description) -> [String] {
    inProgress.map { "# Build at \(mirror)/\($0) in progress, skipping..." }
      + givenUp.map { subarch in
        let failures = counted(subarch.failcount, "failure", "failures")
        let remedy: Remedy = "\(run: .zap("\(subarch.path)")) to try again"
        let name = displayed(subarch.path) + (subarch.target.map { ": \($0)" } ?? "")
        return "# \(name) is out of the rotation after \(failures): \(remedy.text(action))"
      }
  }
}

/// Position of a subarch in the queue.
///
/// Metro asks three questions at level 0, then at level 1, and so on:
/// 0. never built, and as many failures as the level?
/// 1. one failure more, and never built or twice as old as allowed?
/// 2. as many failures as the level, and due?
///
/// The first question answered with yes gives the position; among equals the oldest comes first.
private struct Turn: Comparable {
  let level: Int
  let question: Int
  /// When the newest version was made, in seconds since the epoch; nil for never, which comes first.
  let newest: Int64?

  /// nil if it is not due.
  init?(of subarch: Subarch, _ settings: RotationSettings, _ today: CalendarDate) {
    let failures = subarch.control.failcount
    guard !settings.givesUp(after: failures) else { return nil }
    // A version of today that is withdrawn cannot be built again.
    guard !subarch.versions.contains(where: { $0.isWithdrawn && $0.date == VersionDate(today) }) else {
      return nil
    }
    let age = subarch.newestMade.map { today.days(since: $0.date) }
    let (twice, overflow) = settings.staleDays.multipliedReportingOverflow(by: 2)
    if failures == 0 && age == nil {
      (level, question) = (0, 0)
    } else if failures > 0 && (age.map { !overflow && $0 >= twice } ?? true) {
      (level, question) = (failures - 1, 1)
    } else if let age, age >= settings.staleDays {
      (level, question) = (failures, 2)
    } else {
      return nil
    }
    newest = subarch.newestMade?.date.seconds
  }

  static func < (left: Turn, right: Turn) -> Bool {
    (left.level, left.question, left.newest ?? .min) < (right.level, right.question, right.newest ?? .min)
  }
}
