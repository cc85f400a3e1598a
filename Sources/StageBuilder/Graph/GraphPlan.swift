public import LinuxSystem
import MirrorModel
public import MirrorTools
import SystemPackage

/// What the builds of several requests would do, and what each target waits for.
public struct GraphPlan: MirrorReport {
  /// One target.
  public struct Target: Sendable, Encodable {
    /// `BUILD/ARCH/SUBARCH TARGET`.
    public let id: String
    /// `stage1`.
    public let name: String
    /// Its file, relative to the mirror's root; nil if it depends on another target.
    public let path: MirrorPath?
    /// Whether it exists already.
    public let isThere: Bool
    /// Whether it is an extra or an optional variant, whose failure does not fail the build.
    public let isOptional: Bool
    /// The targets that must be done before, by their ids.
    public let after: [String]
    /// The arguments of `mirrorctl` that build it by itself.
    public let command: [String]

    private enum CodingKeys: String, CodingKey {
      case id, name, path, isThere = "present", isOptional = "optional", after, command
    }
  }

  /// One request.
  public struct Build: Sendable, Encodable {
    /// `BUILD ARCH SUBARCH MODE VERSION`.
    public let build: String
    /// Whether there is nothing new to build.
    public let isCurrent: Bool
    /// Why it cannot be built.
    public let problem: String?
    /// As it was planned: with its version, for all its targets.
    let request: BuildRequest
    /// In build order; a snapshot that several builds need is listed by the first one.
    public let targets: [Target]

    private enum CodingKeys: String, CodingKey { case build, isCurrent = "current", problem, targets }
  }

  /// Path of the mirror.
  public let mirror: String
  /// In the order of the requests; those that cannot be built come last.
  public let builds: [Build]
  /// Those of the rotation that are being built.
  public var inProgress: [MirrorPath] = []
  /// Those of the rotation that failed too often.
  public var givenUp: [NextBuildPlan.GivenUp] = []
  private let isRefused: Bool

  private enum CodingKeys: CodingKey { case mirror, builds, inProgress, givenUp }

  init(_ scan: GraphScan, _ context: BuildContext) {
    mirror = "\(context.root)"
    let nodes = scan.graph.nodes
    func id(_ index: Int) -> String {
      let owner = nodes[index].requests.first.map { scan.facts[$0].request.label } ?? ""
      return "\(owner) \(nodes[index].facts.name)"
    }
    let builds = scan.facts.enumerated().map { position, facts in
      let targets = scan.graph.members[position].filter { nodes[$0].requests.first == position }.map {
        index in
        let target = nodes[index].facts
        return Target(
          id: id(index), name: target.name, path: target.output, isThere: target.isThere,
          isOptional: target.target.isOptional, after: nodes[index].needs.map(id),
          command: facts.request.arguments(of: target.target))
      }
      return Build(
        build: facts.request.description, isCurrent: facts.isCurrent, problem: nil, request: facts.request,
        targets: targets)
    }
    self.builds =
      builds
      + scan.faults.map { fault in
        Build(
          build: fault.request.description, isCurrent: false, problem: context.text(fault.error),
          request: fault.request, targets: [])
      }
    isRefused = scan.faults.contains { ($0.error as? MirrorError)?.code == .refused }
  }

  private var targets: [Target] { builds.flatMap(\.targets) }
}

extension GraphPlan {
  /// A block for each build, and a summary.
  public var lines: [ReportLine] {
    (builds.filter { $0.problem == nil }.flatMap(Self.lines) + [summaryLine]).asEssentialLines
  }

  private static func lines(of build: Build) -> [String] {
    let own = build.targets.first.map { String($0.id.dropLast($0.name.utf8.count)) }
    let targets = build.targets.map { target in
      var line = "  \(target.name): \(target.path.map { "\($0)" } ?? "path known once earlier targets exist")"
      if target.isThere { line += " (already exists)" }
      if target.isOptional { line += " (optional)" }
      // The names of targets of the same build are enough.
      let needs = target.after.map { id in
        own.map { id.hasPrefix($0) ? String(id.dropFirst($0.utf8.count)) : id } ?? id
      }
      return needs.isEmpty ? line : line + ", after \(needs.joined(separator: ", "))"
    }
    return ["build \(build.build)\(build.isCurrent ? ": nothing new" : "")"] + targets
  }

  private var summaryLine: String {
    let there = targets.count(where: \.isThere)
    return
      "\(counted(builds.count, "build", "builds")), \(counted(targets.count, "target", "targets")): "
      + "\(there) already there, \(targets.count - there) to build"
  }

  /// Why builds cannot start.
  public var notes: [String] { builds.compactMap { build in build.problem.map { "\(build.build): \($0)" } } }

  /// `failed` if a build cannot start.
  public var status: ExitStatus {
    isRefused ? .refused : builds.contains { $0.problem != nil } ? .failed : .done
  }

  /// The graph in the language of dot(1): a box for each target, dashed if it exists, in a frame for each build.
  public var dot: String {
    var lines = ["digraph build {", "  rankdir=LR;", "  node [shape=box];"]
    for (number, build) in builds.enumerated() where !build.targets.isEmpty {
      lines.append("  subgraph cluster_\(number) {")
      lines.append("    label=\(Self.quoted(build.build));")
      for target in build.targets {
        let style = target.isThere ? ", style=dashed" : ""
        lines.append("    \(Self.quoted(target.id)) [label=\(Self.quoted(target.name))\(style)];")
      }
      lines.append("  }")
    }
    for target in targets {
      for need in target.after { lines.append("  \(Self.quoted(need)) -> \(Self.quoted(target.id));") }
    }
    return (lines + ["}"]).map { $0 + "\n" }.joined()
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
