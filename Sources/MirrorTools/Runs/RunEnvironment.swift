public import Hashing
public import LinuxSystem
import MirrorModel
public import SystemPackage

/// What a run sees of the world, and whom it tells what.
public struct RunEnvironment: Sendable {
  /// Where catalogs are.
  public var stateDirectory: FilePath
  /// Seconds since the epoch.
  public var now: @Sendable () -> Int64 = { SystemClock.seconds }
  /// Tells which processes that hold locks are alive.
  public var probe = ProcessProbe.system
  /// A request to stop.
  public var cancellation = Cancellation()
  /// How far a long step is.
  public var progress = RunProgress()
  /// How tarballs are read and hashed.
  public var hashing = HashingOptions()
  /// Receives what is wrong, as soon as it is known; the same may come again.
  public var problem: @Sendable (MirrorError) -> Void = { _ in }
  /// Receives results as they come, from any thread.
  public var result: @Sendable (ReportLine) -> Void = { _ in }

  /// The system's clock and processes, and nobody who listens.
  public init(stateDirectory: FilePath) { self.stateDirectory = stateDirectory }

  /// The local day.
  var today: CalendarDate { CalendarDate(localDayOf: now()) }
}
