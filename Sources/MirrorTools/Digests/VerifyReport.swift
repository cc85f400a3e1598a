public import LinuxSystem

/// What `verify` found.
public struct VerifyReport: Sendable {
  /// The verdicts on a file.
  public enum Verdict: String, Encodable, Sendable, CaseIterable {
    /// Content and all its digests agree.
    case ok
    /// The tarball was replaced after its digests were taken, or a sidecar was: `digestgen` mends it.
    case changed
    /// Nobody replaced the tarball, and its content differs.
    case corrupt
    /// Its compressed stream is cut off, or does not decompress, or is of another kind: it was never whole.
    case damaged
    /// There is no sidecar to compare with.
    case undigested
    /// It is what its digests say, and the key of the configuration has not signed it.
    case unsigned
    /// It is what its digests say, and a signature beside it is none of it by the key of the configuration.
    case missigned
    /// A sidecar, or a line of one, whose tarball is gone.
    case orphan
  }

  /// One file's verdict.
  public struct Finding: Encodable, Hashable, Sendable {
    /// Relative to the mirror's root.
    public let path: MirrorPath
    /// The verdict.
    public internal(set) var verdict: Verdict
    /// What disagrees, where something does.
    public internal(set) var detail: String?
  }

  /// Where the mirror is.
  public let mirror: String
  /// In path order.
  public internal(set) var findings: [Finding] = []
  /// What could not be read.
  public internal(set) var problems: [MirrorError] = []
  /// Tarballs and bytes read.
  public internal(set) var read: (files: Int, bytes: Int64) = (0, 0)
  /// Tarballs that the subset left for another run.
  public internal(set) var left = 0

  /// How many findings have a verdict.
  public func count(_ verdict: Verdict) -> Int { findings.count { $0.verdict == verdict } }
}

extension MirrorError {
  /// Without a catalog every run would read the same part.
  static var forgetfulSubset: MirrorError {
    MirrorError(
      .invalid, "subset", "reads the same files every time, since the catalog cannot be written",
      remedy: "see the message above, or \(run: .verifyParts)")
  }
}
