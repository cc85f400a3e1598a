public import LinuxSystem
public import MirrorModel
package import MirrorTools

/// What a build did.
public struct BuildReport: Sendable, Encodable {
  /// The result of one target.
  public struct Target: Sendable, Encodable {
    /// `stage1`.
    public let name: String
    /// How it ended; `done` also if it already existed.
    public internal(set) var outcome: BuildOutcome
    /// Whether it already existed.
    public var wasThere = false
    /// The earlier version whose file this is, since it was made from the same inputs.
    public internal(set) var reused: MirrorPath?
    /// The step from which it went on in a root that was kept; nil if it was built from the beginning.
    public internal(set) var resumed: String?
    /// Why it did not go on in the root that was kept.
    public internal(set) var restarted: String?
    /// The tarball, relative to the mirror's root; nil if there is none.
    public var path: MirrorPath?
    /// Its size in bytes.
    public var size: Int64?
    /// Its SHA-256; nil if it is compressed later, or made by the spec's own steps.
    public var sha256: String?
    /// The SHA-256 of the tarball also if it is compressed later.
    var digest: String?
    /// Whether it was built twice, with the same result; nil if it was not.
    public internal(set) var reproduced: Bool?
    /// The format of an image that was exported.
    package internal(set) var format: ExportFormat?
    /// All files of an image that has several, with the image itself.
    package internal(set) var files: [ImageFile]?
    /// Duration in seconds.
    public var seconds: Double = 0
    /// Whether it is an extra or an optional variant, whose failure does not fail the build.
    public let isOptional: Bool
    /// Number of consecutive failures of an optional target; nil if they are not counted.
    public internal(set) var failcount: Int?
    /// What went wrong.
    public var problem: String?
    /// The first error in the log.
    public var firstError: [String] = []
    /// The work directory, if it was kept after a failure.
    public var work: String?
    /// How its steps were confined; nil if it had none.
    package internal(set) var confinement: Confinement?
    /// The log, relative to the mirror's root.
    public var log: MirrorPath?

    private enum CodingKeys: String, CodingKey {
      case name, outcome, wasThere = "present", path, size = "bytes", sha256, seconds, problem, firstError
      case reused, resumed, restarted, reproduced, format, files, work, confinement, log, isOptional =
        "optional", failcount
    }
  }

  /// Path of the mirror.
  public let mirror: String
  /// `BUILD ARCH SUBARCH MODE VERSION`.
  public let build: String
  /// The version of ``build``.
  public let dated: VersionDate
  /// Whether nothing was built, because `build/version` is `commit` and the version of that commit is done.
  public internal(set) var isCurrent = false
  /// The network that steps can use.
  public internal(set) var network = "host"
  /// How the build ended as a whole.
  public internal(set) var outcome = BuildOutcome.done
  /// Why nothing was started.
  public internal(set) var problem: String?
  /// Remains of killed builds that cannot be removed, and records that cannot be written.
  public internal(set) var warnings: [String] = []
  /// In build order.
  public internal(set) var targets: [Target] = []
  /// Number of consecutive failures of the subarch; nil if they are not counted.
  public internal(set) var failcount: Int?
  /// Whether a safety rule forbids the build.
  public internal(set) var isRefused = false
  /// The binary packages that were put into the mirror; nil if `build/binhost` does not ask for it.
  public internal(set) var packages: [MirrorPath]?
  /// Where the packages of finished targets are.
  var offers: Set<PackageOffer> = []
  /// Whether packages could not be put into the mirror.
  var lacksPackages = false
  /// The packages that failed, of all targets.
  var failedPackages: [FailedPackage] = []

  /// Whether the build counts as a failure of the subarch: a failure of extras and optional variants does not.
  var failsSubarch: Bool {
    outcome == .failed && targets.contains { !$0.isOptional && $0.outcome != .done }
  }

  private enum CodingKeys: String, CodingKey {
    case mirror, build, network, outcome, problem, warnings, targets, failcount, packages
    case isCurrent = "current"
  }

  /// Adds a target that ended.
  mutating func add(_ end: TargetEnd) {
    targets.append(end.entry)
    warnings += end.found.warnings
    offers.formUnion(end.found.offers)
    failedPackages += end.found.failedPackages
    if end.entry.outcome != .done { isRefused = end.found.isRefused }
  }

  /// Ends the build because of an error that is not about one of its targets.
  mutating func fail(_ error: any Error, _ context: BuildContext) {
    outcome = BuildOutcome(of: error, otherwise: .aborted, context.cancellation)
    problem = context.text(error)
    isRefused = (error as? MirrorError)?.code == .refused
  }

  init(mirror: String, of request: BuildRequest) {
    self.mirror = mirror
    build = request.description
    dated = request.version
  }
}
