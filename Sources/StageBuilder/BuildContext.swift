public import LinuxSystem
public import MirrorTools
public import SystemPackage

/// What all parts of a build share.
public struct BuildContext: Sendable {
  /// The mirror's root.
  public let root: FilePath
  /// Whose what is made in it is.
  public let layout: OwnershipRules
  /// How the configuration is read; what is built is said over it.
  public let source: ConfigurationFile.Request
  /// The program that runs steps: `mirrorctl` itself.
  public var helper: FilePath = OwnProgram.path
  /// Threads that compress and decompress.
  public var jobs: Int
  /// Whether the work directory stays after a failure.
  public var keepsWork = false
  /// Whether a shell is opened in the root after a failure.
  public var opensShell = false
  /// `TERM` of the steps.
  public var terminal: String?
  /// Seconds since the epoch.
  public var now: @Sendable () -> Int64
  /// Tells whether other builds live.
  public var probe = ProcessProbe.system
  /// Asks the build to stop.
  public let cancellation: Cancellation
  /// How far unpacking and capturing are.
  public let progress: RunProgress
  /// Hears what is done.
  public let tell: @Sendable (String) -> Void
  /// How the actions are called that remedies name, in the texts of a build's report.
  public var actionNames: @Sendable (Remedy.Action) -> String = \.description
  /// Where digests are remembered; nil for nowhere.
  public var catalog: @Sendable () -> Catalog? = { nil }

  /// A context by what it must have; `jobs` is nil for one a processor.
  public init(
    root: FilePath, layout: OwnershipRules, source: ConfigurationFile.Request, jobs: Int?,
    now: @escaping @Sendable () -> Int64, cancellation: Cancellation, progress: RunProgress,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.root = root
    self.layout = layout
    self.source = source
    self.jobs = jobs ?? Workers.processors
    self.now = now
    self.cancellation = cancellation
    self.progress = progress
    self.tell = tell
  }

  /// An error as the report tells it.
  func text(_ error: any Error) -> String {
    (error as? MirrorError)?.text(actionNames) ?? "\(error)"
  }
}
