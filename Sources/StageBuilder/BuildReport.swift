public import LinuxSystem

/// What a build did.
public struct BuildReport: Sendable, Encodable {
  /// One target's end.
  public struct Target: Sendable, Encodable {
    /// `stage1`.
    public let name: String
    /// How it ended; done also where it was there already.
    public internal(set) var outcome: BuildOutcome
    /// Whether it was there already.
    public var wasThere = false
    /// The tarball, relative to the mirror's root; nil if there is none.
    public var path: MirrorPath?
    /// Its size in bytes.
    public var size: Int64?
    /// Its SHA-256; nil where it is yet to be compressed, or made by the spec's own steps.
    public var sha256: String?
    /// Seconds that it took.
    public var seconds: Double = 0
    /// What went wrong.
    public var problem: String?
    /// What the log says of it first.
    public var firstError: [String] = []
    /// The work directory, where it was kept after a failure.
    public var work: String?
    /// The log, relative to the mirror's root.
    public var log: MirrorPath?

    private enum CodingKeys: String, CodingKey {
      case name, outcome, wasThere = "present", path, size = "bytes", sha256, seconds, problem, firstError
      case work, log
    }
  }

  /// Where the mirror lies.
  public let mirror: String
  /// `BUILD ARCH SUBARCH MODE VERSION`.
  public let build: String
  /// What steps see of the network.
  public internal(set) var network = "host"
  /// How it ended as a whole.
  public internal(set) var outcome = BuildOutcome.done
  /// Why nothing was begun.
  public internal(set) var problem: String?
  /// What killed builds left and cannot be removed.
  public internal(set) var warnings: [String] = []
  /// In the order in which they ran.
  public internal(set) var targets: [Target] = []
  /// Consecutive failures of the subarch by now; nil where none are counted.
  public internal(set) var failcount: Int?
  /// Whether a safety rule forbids it.
  public internal(set) var isRefused = false

  private enum CodingKeys: CodingKey {
    case mirror, build, network, outcome, problem, warnings, targets, failcount
  }
}
