import Hashing
public import LinuxSystem
public import MirrorModel
public import StageTrees

/// Compresses the plain tarballs that are marked for it.
///
/// They are taken out of the indexes first: a run killed at any time leaves no index that names a removed
/// tarball.
public struct CompressRun {
  private let run: MirrorRun
  private let settings: CompressionSettings

  /// - Parameter settings: how tarballs are compressed.
  public init(_ run: MirrorRun, _ settings: CompressionSettings) {
    self.run = run
    self.settings = settings
  }

  /// What would be compressed, and what not and why.
  public func plan() throws(MirrorError) -> Planned<CompressionPlan> {
    let mirror = try run.scan()
    let plan = CompressionPlan(of: mirror, settings: settings, now: run.environment.now())
    Log.step("plan of compress: \(counted(plan.items.count, "tarball", "tarballs"))")
    return Planned(plan, for: mirror)
  }

  /// Carries out a plan of this run.
  public func apply(_ planned: Planned<CompressionPlan>) throws(MirrorError) -> CompressionReport {
    let (plan, mirror) = (planned.plan, planned.scan)
    run.noteChanges(at: plan.affectedPaths)
    if !plan.items.isEmpty { try IndexRun(run).unlist([], in: mirror) }
    let environment = run.environment
    let compressor = Compressor(
      root: run.root, ownershipRules: try run.ownership(), jobs: environment.hashing.jobs,
      probe: environment.probe,
      clock: environment.now)
    let (progress, result) = (environment.progress, environment.result)
    progress.begin("compressing", bytes: plan.bytesToRead, files: plan.items.count)
    defer { progress.end() }
    var report = try compressor.apply(plan, cancellation: environment.cancellation) { outcome in
      let sizes = "\(humanBytes(outcome.bytesBefore)) to \(humanBytes(outcome.bytesAfter))"
      result("compressed \(mirror.displayed(outcome.to)), \(sizes)")
    } progress: {
      progress.add(bytes: $0)
    }
    report.leftAlone = plan.leftAlone
    report.waiting = plan.leftAlone.filter { !$0.reason.isProblem }.map { $0.error(in: mirror) }
    report.faultsOfMarks = plan.messages(in: mirror)
    return report
  }
}

extension CompressionPlan: Plan {
  /// Files and links that may change.
  fileprivate var affectedPaths: [MirrorPath] {
    items.flatMap { item in [item.path] + item.links.flatMap { [$0.path, $0.newPath] } } + staleMarks
  }

  /// One line per tarball that would be compressed or left as it is.
  public func lines(in mirror: Mirror) -> [String] {
    items.map { "would compress \(mirror.displayed($0.path)) to \($0.compressedPath.name)" }
      + leftAlone.filter { !$0.reason.isProblem }.map { "would skip: \($0.error(in: mirror))" }
  }

  /// Problems that need a person; a later run takes care of the rest.
  public func messages(in mirror: Mirror) -> [MirrorError] {
    leftAlone.filter(\.reason.isProblem).map { $0.error(in: mirror) }
  }

  /// `partial` if a problem needs a person.
  public var status: ExitStatus { leftAlone.contains(where: \.reason.isProblem) ? .partial : .done }
}

extension CompressionReport: MirrorReport {
  private enum CodingKeys: CodingKey { case mirror, compressed, leftAlone, problems }

  /// Tarballs left for a later run.
  public var lines: [ReportLine] { waiting.map { ReportLine("\($0)") } }

  /// Number of compressed tarballs, and their sizes.
  public var summary: String? {
    guard !outcomes.isEmpty else { return nil }
    let before = outcomes.reduce(0 as Int64) { $0 &+ $1.bytesBefore }
    let after = outcomes.reduce(0 as Int64) { $0 &+ $1.bytesAfter }
    let tarballs = counted(outcomes.count, "tarball", "tarballs")
    return "\(tarballs), \(humanBytes(before)) to \(humanBytes(after))"
  }

  /// Failures, and problems that need a person.
  public var messages: [MirrorError] { problems + faultsOfMarks }

  /// `mirror`, `compressed`, `leftAlone` and `problems`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(outcomes, forKey: .compressed)
    try container.encode(leftAlone, forKey: .leftAlone)
    try container.encode(problems, forKey: .problems)
  }
}
