import LinuxSystem

/// How a build or one of its targets ended; only ``failed`` counts against the subarch.
public enum BuildOutcome: String, Sendable, Codable {
  /// The stage and all that goes with it is in place.
  case done
  /// A step, or what it needs, failed.
  case failed
  /// It was never begun, because something it needs is not there or not allowed.
  case aborted
  /// Another run works at it.
  case busy
  /// SIGINT or SIGTERM ended it.
  case interrupted

  /// How an error ends a build.
  init(of error: any Error, otherwise: BuildOutcome, _ cancellation: Cancellation) {
    self =
      switch (error as? MirrorError)?.code {
      case _ where cancellation.isCancelled: .interrupted
      case .interrupted: .interrupted
      case .busy: .busy
      case .refused: .aborted
      default: otherwise
      }
  }
}
