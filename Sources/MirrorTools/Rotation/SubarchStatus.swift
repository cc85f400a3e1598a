public import MirrorModel
public import LinuxSystem

/// Status of one subarch.
public struct SubarchStatus: Codable, Sendable, Hashable {
  /// Relative to the root of the mirror.
  public let path: MirrorPath
  /// The build, a line of development.
  public let build: FileName
  /// The architecture.
  public let arch: FileName
  /// Name of the subarch.
  public let subarch: FileName
  /// Date of the newest complete version; nil if there is none.
  public let date: VersionDate?
  /// Days since that date; negative for a date in the future.
  public let ageDays: Int?
  /// Whether the newest complete version is a full build.
  public let full: Bool
  /// Number of consecutive failed builds.
  public let failcount: Int
  /// Whether it failed too often and waits for `zap`.
  public let givenUp: Bool
  /// Whether a build is in progress.
  public let inProgress: Bool
  /// Artifacts of the newest complete version, by variant.
  public let artifacts: [Item]
  /// Extras and optional variants that the newest complete version lacks because they failed, or that failed
  /// when they were last built.
  public let failed: [Failed]
  /// Size of the tarballs of all versions in bytes.
  public let bytes: Int64
  /// Number of version directories.
  public let versions: Int
  /// Number of compressed tarballs, of all versions, without a `.hash.txt`.
  public let digestsMissing: Int
  /// Files in its versions that no kind of file claims.
  public let unclaimed: [MirrorPath]
  /// Versions that are complete, but not offered until they are promoted, oldest first; nil if there are none.
  public let candidates: [MirrorPath]?
  /// Versions and artifacts that are not offered any more, oldest version first; nil if there are none.
  public let withdrawn: [MirrorPath]?
  /// Settings in `.control` for the next build.
  public let strategy: Strategy

  /// An artifact.
  public struct Item: Codable, Sendable, Hashable {
    /// `stage3`, or the name of the extra.
    public let variant: String
    /// File name.
    public let name: FileName
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// File size in bytes.
    public let bytes: Int64
    /// Its format: `tar.xz`, `qcow2`.
    public let format: String
    /// nil for a file that is not compressed as a whole.
    public let compression: Compression?

    fileprivate var isTarball: Bool {
      format == "tar" || compression.map { format == "tar.\($0.rawValue)" } ?? false
    }
  }

  /// An extra or an optional variant that failed.
  public struct Failed: Codable, Sendable, Hashable {
    /// `openvz`, `stage3-systemd`.
    public let name: FileName
    /// Number of consecutive failures; 0 after `zap`.
    public let failcount: Int
    /// Whether it failed too often and waits for `zap`.
    public let givenUp: Bool
  }

  /// How the next build finds its seed.
  public struct Strategy: Codable, Sendable, Hashable {
    /// `local` or `remote`.
    public let build: String?
    /// `stage3` or `stage1`.
    public let seed: String?
    /// The subarch whose stage3 is the seed of a remote build.
    public let remote: MirrorPath?
  }

  init(_ subarch: Subarch, _ settings: RotationSettings, today: CalendarDate) {
    let newest = subarch.newestComplete
    path = subarch.path
    build = subarch.build
    arch = subarch.arch
    self.subarch = subarch.name
    date = newest?.date
    ageDays = newest.map { today.days(since: $0.date) }
    full = newest?.isFull ?? false
    failcount = subarch.control.failcount
    givenUp = settings.isManaged(subarch) && settings.hasGivenUp(subarch)
    inProgress = subarch.control.liveLock != nil
    artifacts = subarch.newestArtifacts.map(\.artifact).map { artifact in
      Item(
        variant: artifact.variant, name: artifact.tarball.name, path: artifact.tarball.path,
        bytes: artifact.tarball.status.size, format: artifact.tarball.format.name,
        compression: artifact.tarball.compression)
    }
    let counts = subarch.control.targetFailcounts
    failed = Set(newest?.failedTargets ?? []).union(counts.keys).sorted().map { name in
      let count = counts[name] ?? 0
      return Failed(
        name: name, failcount: count,
        givenUp: settings.isManaged(subarch) && settings.hasGivenUp(afterFailures: count))
    }
    bytes = subarch.versions.reduce(0) { sum, version in
      let (total, overflow) = sum.addingReportingOverflow(version.bytes)
      return overflow ? .max : total
    }
    versions = subarch.versions.count
    digestsMissing = subarch.versions.reduce(0) { count, version in
      ([version.folder] + version.nested).reduce(count) { $0 + $1.undigested.count }
    }
    unclaimed = subarch.folders.flatMap { folder in folder.unclaimed.map { folder.path.appending($0) } }
    candidates = subarch.candidates.nonEmpty
    withdrawn = subarch.withdrawals.nonEmpty
    strategy = Strategy(
      build: subarch.control.buildStrategy, seed: subarch.control.seedStrategy,
      remote: subarch.control.remoteSeed)
  }

  /// The line in the format of Metro's `fails`, for a mirror at `root`; failed extras, candidates and
  /// withdrawn versions and artifacts follow.
  func line(root: String) -> String {
    let start = "\(right(String(failcount), 4)) \(right(date?.description ?? "None", 12))"
    return "\(start) \(root)/\(path) (\(variants))\(remarks)"
  }

  /// The artifacts of the newest complete version.
  package var variants: String {
    artifacts.map { item in
      // A tarball is what a variant usually is.
      item.isTarball ? item.variant : "\(item.variant).\(item.format)"
    }.joined(separator: ",")
  }

  /// What follows the artifacts: failed extras, candidates, and what was withdrawn.
  package var remarks: String {
    var text = failed.isEmpty ? "" : " failed: \(failed.map { "\($0.name)" }.joined(separator: ","))"
    if let candidates { text += "; candidate \(names(candidates))" }
    if let withdrawn { text += "; withdrawn \(names(withdrawn))" }
    return text
  }

  private func names(_ paths: [MirrorPath]) -> String {
    paths.map { "\($0.name)" }.joined(separator: ", ")
  }
}

extension Subarch {
  /// Candidates that can be promoted.
  fileprivate var candidates: [MirrorPath] {
    versions.filter { $0.isCandidate && $0.isSound && !$0.isWithdrawn }.map(\.path)
  }

  /// Withdrawn versions, and withdrawn artifacts of other versions. Their files may be deleted.
  fileprivate var withdrawals: [MirrorPath] {
    versions.flatMap { version in
      if version.isWithdrawn { return [version.path] }
      return ([version.folder] + version.nested).flatMap { folder in
        folder.sidecars.filter { $0.kind == .withdrawal }.map { folder.path.appending($0.tarball) }
      }
    }
  }
}

extension Array {
  fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}

private func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
