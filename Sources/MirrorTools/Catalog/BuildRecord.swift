import MirrorModel
public import LinuxSystem

/// Result of one build in the catalog; kept after the version is removed.
public struct BuildRecord: Codable, Hashable, Sendable {
  /// Final result of a build.
  public enum Outcome: String, Codable, Sendable {
    case ok, fail
  }

  /// The subarch, relative to the root of the mirror.
  public let subarch: MirrorPath
  /// Directory of the version.
  public let version: FileName
  /// When it ended, or was first seen, in seconds since the epoch.
  public let at: Int64
  /// Its result.
  public let outcome: Outcome
  /// Size of the stage3, or of the largest tarball if there is none; nil without tarballs.
  public let bytes: Int64?
  /// Duration; nil if built elsewhere.
  public let seconds: Double?
  /// The target that failed; after a successful build, an extra or optional variant.
  public let target: String?
  /// The first error in its log.
  public let error: String?
  /// Its log, relative to the root of the mirror.
  public let log: MirrorPath?

  /// Creates a record.
  public init(
    subarch: MirrorPath, version: FileName, at: Int64, outcome: Outcome, bytes: Int64? = nil,
    seconds: Double? = nil, target: String? = nil, error: String? = nil, log: MirrorPath? = nil
  ) {
    (self.subarch, self.version, self.at, self.outcome) = (subarch, version, at, outcome)
    (self.bytes, self.seconds, self.target, self.error, self.log) = (bytes, seconds, target, error, log)
  }

  /// Reads the result from the directory of a version; nil while it has no `status`.
  init?(_ version: Version, of subarch: Subarch, seen: Int64) {
    guard version.hasStatus else { return nil }
    let artifacts = version.artifacts(of: subarch)
    let main =
      artifacts.first { $0.variant == "stage3" }
      ?? artifacts.max { $0.tarball.status.size < $1.tarball.status.size }
    self.init(
      subarch: subarch.path, version: version.name, at: seen, outcome: version.hasSucceeded ? .ok : .fail,
      bytes: main?.tarball.status.size)
  }
}

extension BuildRecord {
  /// By version, then by time of the build.
  func isEarlier(than other: BuildRecord) -> Bool {
    version == other.version ? at < other.at : version.isEarlierVersion(than: other.version)
  }

  /// Builds of a subarch that are there and not known, or ended otherwise than is known.
  static func fresh(of subarch: Subarch, known: [BuildRecord], now: Int64) -> [BuildRecord] {
    var last: [FileName: BuildRecord] = [:]
    for record in known { last[record.version] = record }
    return subarch.versions.compactMap { version in
      let before = last[version.name]
      // Two records within a second must not have the same time.
      let record = BuildRecord(version, of: subarch, seen: max(now, (before?.at ?? 0) &+ 1))
      return record.flatMap { $0.outcome == before?.outcome ? nil : $0 }
    }
  }
}

/// The last run of a verb on a mirror, in seconds since the epoch.
public struct RunRecord: Codable, Hashable, Sendable {
  /// When it last ended.
  public let at: Int64
  /// Its exit status at that time.
  public let status: Int32
  /// When it last ended with status 0; nil for never.
  public let succeeded: Int64?
}
