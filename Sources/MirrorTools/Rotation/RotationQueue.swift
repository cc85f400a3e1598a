public import LinuxSystem
public import MirrorModel

/// The subarches of the rotation: which of them are due, in order, and which are passed over.
public struct RotationQueue {
  /// Which subarches to build.
  public enum Scope: Sendable {
    /// Those that are due.
    case due
    /// All, except for those that failed too often.
    case all
  }

  private let settings: RotationSettings
  private let today: CalendarDate
  private let mirror: String
  private let managed: [Subarch]

  /// Reads the rotation of a mirror.
  public init(_ mirror: Mirror, _ settings: RotationSettings, today: CalendarDate) {
    self.settings = settings
    self.today = today
    self.mirror = "\(mirror.root)"
    managed = settings.managed(in: mirror)
  }

  /// Those that are due, as Metro orders them.
  var due: [Subarch] {
    managed.compactMap { subarch in Turn(of: subarch, settings, today).map { (turn: $0, subarch: subarch) } }
      // The sort is stable: ties keep the order of the settings.
      .sorted { $0.turn < $1.turn }
      .map(\.subarch)
  }

  /// Those that failed too often and wait for `zap`, and single extras and optional variants.
  public var givenUp: [NextBuildPlan.GivenUp] {
    managed.flatMap { subarch in
      let control = subarch.control
      let whole = NextBuildPlan.GivenUp(path: subarch.path, target: nil, failcount: control.failcount)
      return (settings.hasGivenUp(subarch) ? [whole] : [])
        + settings.givenUpTargets(of: subarch).map {
          .init(path: subarch.path, target: $0, failcount: control.targetFailcounts[$0] ?? 0)
        }
    }
  }

  /// The builds to make, and the subarches that are being built.
  ///
  /// - Throws: if the program that decides how to build fails.
  public func builds(_ scope: Scope) throws(MirrorError) -> (next: [NextBuild], inProgress: [MirrorPath]) {
    let subarches =
      switch scope {
      case .due: due
      // A version of today that is withdrawn cannot be built again.
      case .all: managed.filter { !settings.hasGivenUp($0) && !$0.isWithdrawn(on: today) }
      }
    var next: [NextBuild] = []
    for subarch in subarches where subarch.control.liveBuildLock == nil {
      next.append(try self.next(subarch))
    }
    return (next, subarches.filter { $0.control.liveBuildLock != nil }.map(\.path))
  }

  /// How to build a subarch next.
  ///
  /// - Throws: if the program that decides how to build fails.
  func next(_ subarch: Subarch) throws(MirrorError) -> NextBuild {
    let decision = try settings.decision(for: subarch)
    let leftOut = settings.givenUpTargets(of: subarch).map(\.description)
    return NextBuild(
      build: subarch.build, archDesc: subarch.arch, subarch: subarch.name,
      fullDate: subarch.newestComplete?.date, nextDate: VersionDate(today),
      failcount: subarch.control.failcount, target: decision.mode,
      extras: decision.extras.filter { !leftOut.contains($0) }, leftOut: leftOut)
  }

  /// One line per subarch that was passed over: in Metro's words if it is being built, and for those given up.
  ///
  /// - Parameter action: returns the text of an action in a notice.
  public func notices(
    _ inProgress: [MirrorPath], naming action: (Remedy.Action) -> String = \.description
  ) -> [String] {
    Self.notices(inProgress, givenUp, in: mirror, naming: action)
  }

  static func notices(
    _ inProgress: [MirrorPath], _ givenUp: [NextBuildPlan.GivenUp], in mirror: String,
    naming action: (Remedy.Action) -> String
  ) -> [String] {
    inProgress.map { "# Build at \(mirror)/\($0) in progress, skipping..." }
      + givenUp.map { subarch in
        let failures = counted(subarch.failcount, "failure", "failures")
        let remedy: Remedy = "\(run: .zap("\(subarch.path)")) to try again"
        let name = "\(mirror)/\(subarch.path)" + (subarch.target.map { ": \($0)" } ?? "")
        return "# \(name) is out of the rotation after \(failures): \(remedy.text(action))"
      }
  }
}

extension Subarch {
  /// Whether the version of a day was withdrawn.
  fileprivate func isWithdrawn(on day: CalendarDate) -> Bool {
    versions.contains { $0.isWithdrawn && $0.date == VersionDate(day) }
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
    guard !subarch.isWithdrawn(on: today) else { return nil }
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
