public import LinuxSystem

/// How a run ended, for cron and scripts.
public enum ExitStatus: Int32, Encodable, Sendable {
  /// All that there was to do.
  case done = 0
  /// Nothing was lost.
  case failed = 1
  /// Something could not be done or read.
  case partial = 3
  /// Content is not what its digests say.
  case corrupt = 4
  /// A safety limit forbids it.
  case refused = 5
  /// Another run holds the lock.
  case busy = 10

  /// What an error makes of a run that it ends.
  public init(_ error: MirrorError) {
    self =
      switch error.code {
      case .busy: .busy
      case .refused: .refused
      case .system, .changed, .invalid, .interrupted, .library: .failed
      }
  }

  /// The one that deserves more attention.
  public func worse(_ other: ExitStatus) -> ExitStatus { severity >= other.severity ? self : other }

  private var severity: Int {
    switch self {
    case .done: 0
    case .partial: 1
    case .refused: 2
    case .busy: 3
    case .failed: 4
    case .corrupt: 5
    }
  }
}
