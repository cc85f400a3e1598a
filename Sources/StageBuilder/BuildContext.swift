public import LinuxSystem
public import MirrorModel
public import MirrorTools
public import SystemPackage

/// What all parts of a build have in common.
public struct BuildContext: Sendable {
  /// The mirror's root.
  public let root: FilePath
  /// The mirror's layout.
  public var layout = MirrorLayout.metro
  /// Owner, group and mode of what is created in the mirror.
  public let ownershipRules: OwnershipRules
  /// How the configuration is read; the request's own settings override it.
  public internal(set) var source: ConfigurationFile.Request
  /// Home directories, while settings are checked and nothing is emptied yet; nil to look them up each time.
  var homes: WorkPlaces.HomePlaces?
  /// Runs the steps, one at a time.
  var sandbox = Sandbox()
  /// What limits the jobs of all targets together; nil if each has a number of its own.
  var jobServer: JobServer?
  /// Number of threads that compress and decompress.
  public var jobs: Int
  /// Whether the work directory is kept after a failure.
  public var keepsWork = false
  /// Whether a build goes on in the work directory that an earlier one kept.
  public var resumes = false
  /// Whether targets are built although they, or others from the same inputs, exist.
  public var rebuilds = false
  /// Whether a shell is opened in the root after a failure.
  public var opensShell = false
  /// `TERM` of the steps.
  public var terminal: String?
  /// Seconds since the epoch.
  public var now: @Sendable () -> Int64
  /// Checks whether other builds are still running.
  public var probe = ProcessProbe.system
  /// Asks the build to stop.
  public let cancellation: Cancellation
  /// Progress of unpacking and capturing.
  public internal(set) var progress: RunProgress
  /// Receives a line for each thing that is done.
  public internal(set) var tell: @Sendable (String) -> Void
  /// Names of the actions in remedies, for the texts of a build's report.
  public var actionNames: @Sendable (Remedy.Action) -> String = \.description
  /// Where digests are recorded; nil for nowhere.
  public var catalog: @Sendable () -> Catalog? = { nil }

  /// Creates a context from its required parts; `jobs` nil means one per CPU.
  public init(
    root: FilePath, ownershipRules: OwnershipRules, source: ConfigurationFile.Request, jobs: Int?,
    now: @escaping @Sendable () -> Int64, cancellation: Cancellation, progress: RunProgress,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.root = root
    self.ownershipRules = ownershipRules
    self.source = source
    self.jobs = jobs ?? Workers.processors
    self.now = now
    self.cancellation = cancellation
    self.progress = progress
    self.tell = tell
  }

  /// The SHA-256 of a file that a target is made from, in lowercase hexadecimal.
  func sha256(of path: FilePath) throws(MirrorError) -> String {
    hex(try KnownDigest.sha256(of: path, root: root, catalog: catalog()))
  }

  /// The text of an error in the report.
  func text(_ error: any Error) -> String {
    (error as? MirrorError)?.text(actionNames) ?? "\(error)"
  }
}
