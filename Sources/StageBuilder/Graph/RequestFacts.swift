import LinuxSystem
import MirrorModel
import SystemPackage

/// What is known about a request before anything is built.
struct RequestFacts: Sendable {
  /// Its version is settled.
  let request: BuildRequest
  /// In build order.
  let targets: [TargetFacts]
  /// Whether there is nothing new to build.
  let isCurrent: Bool
  /// Whether results are for the mirror.
  let isOfficial: Bool
  /// Whether the version becomes a candidate.
  let makesCandidates: Bool
  let network: SandboxPlan.Network
  /// `path/tmp`.
  let temporary: FilePath
  let room: RoomNeeds
  /// Another subarch from whose stage the build starts.
  let seed: MirrorPath?

  /// Reads the settings, and checks them.
  ///
  /// - Throws: the errors in the configuration.
  init(
    _ request: BuildRequest, _ versions: TreeVersions, _ context: BuildContext,
    _ anchor: Shared<AnchoredDirectory>
  ) throws {
    let targets = try BuildTargets(request, versions, context, anchor)
    try targets.check(anchor)
    let (request, shared) = (targets.request, targets.shared)
    self.request = request
    self.targets = try targets.facts(anchor, in: context)
    if let only = request.only, !targets.names.contains(only) {
      throw MirrorError(
        .invalid, only, "is not a target of this build",
        remedy: "use one of \(targets.names.joined(separator: ", "))")
    }
    isCurrent = try request.revision != nil && targets.areDone(self.targets, anchor)
    isOfficial = try shared.isOfficial
    makesCandidates = try shared.makesCandidates
    network = try StepRunner.network(shared)
    temporary = try shared.temporary
    room = try RoomNeeds(shared)
    seed = Self.seed(of: request, self.targets, anchor.value)
  }

  /// The targets to build.
  var wanted: [TargetFacts] { request.only.map { only in targets.filter { $0.name == only } } ?? targets }

  /// Whether the build is done once the wanted targets are. The snapshot may have been cleaned.
  var isLast: Bool {
    guard let only = request.only else { return true }
    return targets.allSatisfy {
      $0.isThere || $0.name == only || $0.target.isOptional || $0.name == "snapshot"
    }
  }

  /// Whether the request has records in the mirror; a snapshot alone has none.
  var records: MirrorPath? { targets.map(\.name) == ["snapshot"] ? nil : request.path }

  private static func seed(
    of request: BuildRequest, _ targets: [TargetFacts], _ anchor: borrowing AnchoredDirectory
  ) -> MirrorPath? {
    guard let path = request.path, let first = targets.first(where: { $0.kind != .snapshot }) else {
      return nil
    }
    let seed = first.source.flatMap(\.subarch) ?? remoteSeed(of: path, anchor)
    return seed == path ? nil : seed
  }

  /// The subarch that `.control` names; nil if the seed is the subarch's own.
  static func remoteSeed(
    of subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) -> MirrorPath? {
    func word(_ file: ControlFile) -> FileName? {
      (try? anchor.contents(of: subarch.control(file), limit: 4096)).flatMap(ControlFile.word)
    }
    guard word(.buildStrategy) == "remote", let build = word(.remoteBuild), let arch = word(.remoteArch),
      let name = word(.remoteSubarch)
    else { return nil }
    return MirrorPath(.subarch(SubarchPlace(build: build, arch: arch, name: name)))
  }
}
