public import LinuxSystem

/// Result of `verify`.
public struct VerifyReport: Sendable {
  /// Verdicts on a file.
  public enum Verdict: String, Encodable, Sendable, CaseIterable {
    /// Content and all its digests agree.
    case ok
    /// The tarball was replaced after its digests were computed, or a sidecar was replaced: `digestgen`
    /// repairs it.
    case changed
    /// The tarball was not replaced, but its content differs.
    case corrupt
    /// Its compressed stream is truncated, cannot be decompressed, or has the wrong format: it was never
    /// intact.
    case damaged
    /// There is no sidecar to compare it with.
    case undigested
    /// It matches its digests, but the key in the configuration has not signed it.
    case unsigned
    /// It matches its digests, but has a signature that is not valid or not made by the key in the
    /// configuration.
    case missigned
    /// A sidecar, or a line in one, whose tarball does not exist.
    case orphan
  }

  /// The verdict on one file.
  public struct Finding: Encodable, Hashable, Sendable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// The verdict.
    public internal(set) var verdict: Verdict
    /// What does not match, if anything.
    public internal(set) var detail: String?
  }

  /// Root of the mirror.
  public let mirror: String
  /// In path order.
  public internal(set) var findings: [Finding] = []
  /// Files that could not be read.
  public internal(set) var problems: [MirrorError] = []
  /// Number and bytes of tarballs read.
  public internal(set) var read: (files: Int, bytes: Int64) = (0, 0)
  /// Number of tarballs left for other runs by the subset.
  public internal(set) var left = 0

  /// Number of findings with a verdict.
  public func count(_ verdict: Verdict) -> Int { findings.count { $0.verdict == verdict } }
}

extension MirrorError {
  /// The error for a subset without a catalog: every run would read the same part.
  static var forgetfulSubset: MirrorError {
    MirrorError(
      .invalid, "subset", "the catalog cannot be written, so every run would read the same files",
      remedy: "see the message above, or \(run: .verifyParts)")
  }
}
