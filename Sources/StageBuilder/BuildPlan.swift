public import LinuxSystem

/// What a build would do.
public struct BuildPlan: Sendable, Encodable {
  /// One target.
  public struct Target: Sendable, Encodable {
    /// `stage1`.
    public let name: String
    /// Its tarball, relative to the mirror's root; nil if it depends on an earlier target.
    public let path: MirrorPath?
    /// Whether it exists already.
    public let isThere: Bool
    /// Whether it is an extra or an optional variant, whose failure does not fail the build.
    public let isOptional: Bool

    private enum CodingKeys: String, CodingKey {
      case name, path, isThere = "present", isOptional = "optional"
    }

    init(_ facts: TargetFacts) {
      (name, path) = (facts.name, facts.output)
      (isThere, isOptional) = (facts.isThere, facts.target.isOptional)
    }
  }

  /// `BUILD ARCH SUBARCH MODE VERSION`.
  public let build: String
  /// In build order.
  public let targets: [Target]
  /// Whether there is nothing new to build.
  public let isCurrent: Bool

  private enum CodingKeys: String, CodingKey { case build, targets, isCurrent = "current" }

  init(_ facts: RequestFacts) {
    build = facts.request.description
    targets = facts.wanted.map(Target.init)
    isCurrent = facts.isCurrent
  }
}
