import LinuxSystem
import MirrorModel

/// Builds the targets of several requests as one graph.
public struct GraphRun {
  /// What to do when something ends; all of them are called on the thread of the run.
  public struct Receiver {
    /// A target ended, or was left out.
    public var target: (BuildRequest, BuildReport.Target) -> Void = { _, _ in }
    /// A request ended.
    public var request: (BuildRequest, BuildReport) -> Void = { _, _ in }

    /// Does nothing.
    public init() {}
  }

  private let requests: [BuildRequest]
  private let context: BuildContext
  private let jobs: Int
  private let work: LocalEngine.Work

  /// Nothing happens before ``plan()`` or ``apply(_:_:)``.
  ///
  /// - Parameter jobs: the number of targets that are built at once.
  public init(_ requests: [BuildRequest], _ context: BuildContext, jobs: Int = 1) {
    self.init(requests, context, jobs: jobs) { $0.apply() }
  }

  /// The same with other work than building.
  init(
    _ requests: [BuildRequest], _ context: BuildContext, jobs: Int = 1, work: @escaping LocalEngine.Work
  ) {
    self.requests = requests
    self.context = context
    self.jobs = jobs
    self.work = work
  }

  /// What ``apply(_:_:)`` would do.
  ///
  /// - Throws: if the mirror cannot be read.
  public func plan() throws -> GraphPlan {
    let scan = try GraphScan(requests, context)
    return GraphPlan(scan, context)
  }

  /// Builds.
  ///
  /// - Parameter progress: receives what each target does; nil to report to the context.
  public func apply(_ receiver: Receiver, _ progress: GraphProgress? = nil) {
    do {
      let scan = try GraphScan(requests, context)
      for (request, fault) in scan.faults {
        var report = BuildReport(mirror: "\(context.root)", of: request)
        report.fail(fault, context)
        receiver.request(request, report)
      }
      let engine = LocalEngine(context, scan.anchor, jobs: jobs, progress: progress, work)
      defer { engine.end() }
      GraphExecution(scan, context, engine, receiver, progress).run()
    } catch {
      for request in requests {
        var report = BuildReport(mirror: "\(context.root)", of: request)
        report.fail(error, context)
        receiver.request(request, report)
      }
    }
  }
}

/// Several requests, what is known about them, and their graph.
struct GraphScan {
  let anchor: Shared<AnchoredDirectory>
  /// Those whose settings are in order.
  let facts: [RequestFacts]
  /// The others.
  let faults: [(request: BuildRequest, error: any Error)]
  let graph: BuildGraph

  /// - Throws: if the mirror cannot be read.
  init(_ requests: [BuildRequest], _ context: BuildContext) throws {
    let anchor = Shared(
      try AnchoredDirectory(root: context.root, ownershipRules: context.ownershipRules))
    let versions = TreeVersions(context)
    var scan = context
    scan.homes = WorkPlaces.HomePlaces()
    let checking = scan
    let results = Workers.map(requests, jobs: Workers.processors) { request in
      Result { try RequestFacts(request, versions, checking, anchor) }
    }
    self.anchor = anchor
    facts = results.compactMap { try? $0.get() }
    faults = zip(requests, results).compactMap { request, result in
      if case .failure(let error) = result { (request, error) } else { nil }
    }
    graph = BuildGraph(
      facts.map { facts in
        BuildGraph.Request(
          path: facts.request.path, version: facts.request.version.description,
          targets: facts.isCurrent ? [] : facts.wanted, seed: facts.seed)
      })
  }
}
