public import Hashing
public import LinuxSystem
import MirrorModel
public import SystemPackage

/// Clock, processes and settings of a run, and the receivers of its output.
public struct RunEnvironment: Sendable {
  /// Directory of the catalogs.
  public var stateDirectory: FilePath
  /// Returns the time in seconds since the epoch.
  public var now: @Sendable () -> Int64 = { SystemClock.seconds }
  /// Tells whether processes that hold locks are alive.
  public var probe = ProcessProbe.system
  /// Who runs the program, for the journal.
  public var author = JournalAuthor.current
  /// A request to stop.
  public var cancellation = Cancellation()
  /// Progress of long steps.
  public var progress = RunProgress()
  /// How tarballs are read and hashed.
  public var hashing = HashingOptions()
  /// Returns the targets that a farm builds.
  public var farm: @Sendable () -> [FarmTarget] = { [] }
  /// Called with each problem as soon as it is known; a problem may be reported more than once.
  public var problem: @Sendable (MirrorError) -> Void = { _ in }
  /// Called with each result as soon as it is known, from any thread.
  public var result: @Sendable (ReportLine) -> Void = { _ in }

  /// Uses the clock and processes of the system, and discards all output.
  public init(stateDirectory: FilePath) { self.stateDirectory = stateDirectory }

  /// The current local date.
  var today: CalendarDate { CalendarDate(localDayOf: now()) }
}
