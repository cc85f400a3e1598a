import LinuxSystem
import MirrorTools

/// One run of the builder for one request: builds its targets in order.
public struct BuildRun: Sendable {
  private let request: BuildRequest
  private let context: BuildContext
  private let jobs: Int

  /// Nothing happens before ``plan()`` or ``apply(_:each:)``.
  ///
  /// - Parameter jobs: the number of targets that are built at once.
  public init(_ request: BuildRequest, _ context: BuildContext, jobs: Int = 1) {
    self.request = request
    self.context = context
    self.jobs = jobs
  }

  /// What ``apply(_:each:)`` would do.
  ///
  /// - Throws: the errors in the configuration.
  public func plan() throws -> BuildPlan {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    return BuildPlan(try RequestFacts(request, TreeVersions(context), context, anchor))
  }

  /// What ``apply(_:each:)`` would build, and why.
  ///
  /// - Throws: the errors in the configuration.
  public func why() throws -> WhyReport {
    let anchor = Shared(try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let targets = try BuildTargets(request, TreeVersions(context), context, anchor)
    try targets.check(anchor)
    let inquiry = BuildInquiry(request: targets.request, context: context, anchor: anchor)
    return WhyReport(build: targets.request.description, targets: try inquiry.answers(targets.members))
  }

  /// Builds.
  ///
  /// - Parameters:
  ///   - progress: receives what each target does; nil to report to the context.
  ///   - each: receives each target when it ends.
  /// - Returns: how the build ended; all errors are in the report.
  public func apply(
    _ progress: GraphProgress? = nil, each: @escaping (BuildReport.Target) -> Void
  ) -> BuildReport {
    var result = BuildReport(mirror: "\(context.root)", of: request)
    var receiver = GraphRun.Receiver()
    receiver.target = { each($1) }
    receiver.request = { result = $1 }
    GraphRun([request], context, jobs: jobs).apply(receiver, progress)
    return result
  }
}
