import Foundation

/// The long form of tests that repeat their work at many points.
public enum Soak {
  /// Whether it was asked for: `MIRRORCTL_SOAK=full`.
  public static let isFull = ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] == "full"
}
