import LinuxSystem

/// How a build or one of its targets ended; only ``failed`` counts as a failure of the subarch.
public enum BuildOutcome: String, Sendable, Codable {
  /// The stage and everything that belongs to it is in place.
  case done
  /// A step failed, or something that it needs.
  case failed
  /// It was not started, because something it needs is missing or not allowed.
  case aborted
  /// Another run is building it.
  case busy
  /// A signal ended it.
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
