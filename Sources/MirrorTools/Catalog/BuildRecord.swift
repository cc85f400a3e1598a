import MirrorModel
public import LinuxSystem

/// What one build came to, as the catalog remembers it; it outlives the version's directory.
public struct BuildRecord: Codable, Hashable, Sendable {
  /// How a build ends that counts.
  public enum Outcome: String, Codable, Sendable {
    case ok, fail
  }

  /// The subarch, relative to the mirror's root.
  public let subarch: MirrorPath
  /// The version's directory.
  public let version: FileName
  /// When it ended, or was first seen, in seconds since the epoch.
  public let at: Int64
  /// How it ended.
  public let outcome: Outcome
  /// The stage3's size, or that of the largest tarball where there is none; nil when there is nothing.
  public let bytes: Int64?
  /// How long it took; nil for what was built elsewhere.
  public let seconds: Double?
  /// The target that failed.
  public let target: String?
  /// What its log says first.
  public let error: String?
  /// Its log, relative to the mirror's root.
  public let log: MirrorPath?

  /// Takes it as it is.
  public init(
    subarch: MirrorPath, version: FileName, at: Int64, outcome: Outcome, bytes: Int64? = nil,
    seconds: Double? = nil, target: String? = nil, error: String? = nil, log: MirrorPath? = nil
  ) {
    (self.subarch, self.version, self.at, self.outcome) = (subarch, version, at, outcome)
    (self.bytes, self.seconds, self.target, self.error, self.log) = (bytes, seconds, target, error, log)
  }

  /// What a version's directory tells of its build; nil while it has no `status`.
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
  /// Builds of a subarch that are there and not known, or ended otherwise than is known.
  static func fresh(of subarch: Subarch, known: [BuildRecord], now: Int64) -> [BuildRecord] {
    var last: [FileName: BuildRecord] = [:]
    for record in known { last[record.version] = record }
    return subarch.versions.compactMap { version in
      let before = last[version.name]
      // A second one within a second is still the second.
      let record = BuildRecord(version, of: subarch, seen: max(now, (before?.at ?? 0) &+ 1))
      return record.flatMap { $0.outcome == before?.outcome ? nil : $0 }
    }
  }
}

/// When a verb last ran on a mirror, in seconds since the epoch.
public struct RunRecord: Codable, Hashable, Sendable {
  /// When it last ended.
  public let at: Int64
  /// Its exit status then.
  public let status: Int32
  /// When it last ended with 0; nil if it never did.
  public let succeeded: Int64?
}
