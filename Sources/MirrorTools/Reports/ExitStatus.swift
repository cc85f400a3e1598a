public import LinuxSystem

/// How a run ended, for cron and scripts.
public enum ExitStatus: Int32, Encodable, Sendable {
  /// Everything was done.
  case done = 0
  /// Failed; nothing was lost.
  case failed = 1
  /// Something could not be done or read.
  case partial = 3
  /// Content does not match its digests.
  case corrupt = 4
  /// A safety limit forbids it.
  case refused = 5
  /// Another run holds the lock.
  case busy = 10

  /// The status of a run that ends with an error.
  public init(_ error: MirrorError) {
    self =
      switch error.code {
      case .busy: .busy
      case .refused: .refused
      case .system, .changed, .invalid, .interrupted, .library: .failed
      }
  }

  /// The more severe status.
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
