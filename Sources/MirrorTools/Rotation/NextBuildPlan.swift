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
    let queue = RotationQueue(mirror, settings, today: today)
    let due = queue.due.filter { !excluded.contains($0.path) }
    let busy = due.prefix { $0.control.liveBuildLock != nil }
    self.mirror = "\(mirror.root)"
    inProgress = busy.map(\.path)
    givenUp = queue.givenUp
    guard let subarch = due.dropFirst(busy.count).first else {
      next = nil
      return
    }
    next = try queue.next(subarch)
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
    RotationQueue.notices(inProgress, givenUp, in: mirror, naming: action)
  }
}
