public import LinuxSystem
public import MirrorTools

/// What the builds of several requests did.
public struct GraphReport: MirrorReport {
  /// Path of the mirror.
  public let mirror: String
  /// In the order in which they ended.
  public private(set) var builds: [BuildReport] = []
  /// Subarches of the rotation that are being built by another run.
  public var inProgress: [MirrorPath] = []
  /// Subarches of the rotation that failed too often and wait for `zap`, and single extras and optional variants.
  public var givenUp: [NextBuildPlan.GivenUp] = []

  private enum CodingKeys: CodingKey { case mirror, builds, inProgress, givenUp }

  /// Nothing yet.
  public init(mirror: String) { self.mirror = mirror }

  /// Adds a build that ended.
  public mutating func add(_ build: BuildReport) { builds.append(build) }

  /// The worst of all builds.
  public var status: ExitStatus { builds.reduce(.done) { $0.worse($1.status) } }

  /// How many builds ended how; nothing without builds.
  public var lines: [ReportLine] {
    guard !builds.isEmpty else { return [] }
    let outcomes: [(BuildOutcome, String)] = [
      (.done, "done"), (.failed, "failed"), (.aborted, "not started"), (.busy, "busy"),
      (.interrupted, "interrupted"),
    ]
    let counts = outcomes.compactMap { outcome, word in
      let count = builds.count { $0.outcome == outcome }
      return count == 0 ? nil : "\(count) \(word)"
    }
    return [ReportLine("\(counted(builds.count, "build", "builds")): \(counts.joined(separator: ", "))")]
  }
}

extension BuildReport.Target {
  /// The line for a target that ended, of one of several builds.
  ///
  /// - Parameter subarch: `BUILD/ARCH/SUBARCH`.
  public func line(of subarch: String) -> String {
    let start = "\(subarch) \(name): "
    if wasThere { return start + "already exists" }
    if let reused { return start + "that of \(reused.name)" }
    return start + "\(outcome.rawValue) \(outcome == .done ? "in" : "after") \(humanSeconds(seconds))"
  }
}
