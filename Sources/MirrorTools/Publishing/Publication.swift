import MirrorModel
public import LinuxSystem
import SystemPackage

/// Result of publishing to one destination.
public struct DestinationReport: Encodable, Sendable {
  /// The destination's name in the configuration.
  public let destination: String
  /// Files and links sent.
  public internal(set) var files = 0
  /// Their size in bytes.
  public internal(set) var bytes: Int64 = 0
  /// Files and links removed there.
  public internal(set) var deleted = 0
  /// Output lines of the other side after an upload.
  public internal(set) var said: [String] = []
  /// Files compared by a check.
  public internal(set) var compared = 0
  /// Their size in bytes.
  public internal(set) var comparedBytes: Int64 = 0
  /// Files that a check found to differ there although size and time agree.
  public internal(set) var corruptThere: [MirrorPath] = []
  /// Files here that do not match their digests.
  public internal(set) var corruptHere: [MirrorPath] = []
  /// What could not be done, and why.
  public internal(set) var problems: [MirrorError] = []
  /// Notices that require no action here.
  public internal(set) var notices: [MirrorError] = []
  /// The versions and snapshots whose files were sent.
  var units: [MirrorPath] = []

  private enum CodingKeys: CodingKey {
    case files, bytes, deleted, said, compared, comparedBytes, corruptThere, corruptHere
  }
}

/// Which files to compare by content although both listings agree.
public enum PublishCheck: Hashable, Sendable {
  /// Only files whose state is unknown.
  case none
  /// This share of the files, those compared least recently first.
  case part(VerifySubset)
  /// The share of the destination, unless one was compared today (UTC).
  case daily
}

/// Publishes a mirror to one destination. The mirror's lock must be held.
struct Publication: Sendable {
  let mirror: Mirror
  let destination: PublishDestination
  let rotation: RotationSettings
  let catalog: Catalog
  let hasher: FileHasher
  /// Seconds since the epoch.
  let now: Int64
  let holding: [MirrorPath]
  let check: PublishCheck
  let source: PublishSource
  let rsync: Rsync

  /// - Parameters:
  ///   - mirror: the mirror, just scanned.
  ///   - hasher: hashes files to send.
  ///   - now: seconds since the epoch.
  ///   - holding: builds, arches or subarches that the destination keeps as they are.
  ///   - check: which files to compare by content.
  init(
    _ mirror: Mirror, to destination: PublishDestination, _ rotation: RotationSettings, catalog: Catalog,
    hasher: FileHasher, progress: RunProgress, now: Int64, holding: [MirrorPath] = [],
    check: PublishCheck = .none
  ) {
    self.mirror = mirror
    self.destination = destination
    self.rotation = rotation
    self.catalog = catalog
    self.hasher = hasher
    self.now = now
    self.holding = holding
    self.check = check
    source = PublishSource(mirror.root)
    rsync = Rsync(
      destination: destination, progress: progress, cancellation: hasher.cancellation, source: source)
  }

  /// What would be done; nothing is written here or there.
  ///
  /// - Returns: the plan, and the findings so far.
  func plan() throws(MirrorError) -> (plan: PublishPlan, report: DestinationReport) {
    let survey = try survey(remembers: false)
    return (survey.plan, survey.report)
  }

  /// Publishes.
  func apply() throws(MirrorError) -> DestinationReport {
    destination.isStaged ? try upload() : try publish()
  }

  /// Lists what to send.
  func localListing() throws(MirrorError) -> LocalListing {
    if case .path(let path) = destination.address {
      let (here, there) = (mirror.canonicalRoot, FilePath(path).canonical.bytes)
      let slash = [UInt8(ascii: "/")]
      if (here + slash).starts(with: there + slash) || (there + slash).starts(with: here + slash) {
        throw MirrorError(
          .invalid, destination.subject,
          "\(destination.address) is the mirror itself, or one is inside the other",
          remedy: "publish to another directory")
      }
    }
    if let files = destination.files { return try LocalListing(of: files, in: mirror) }
    let local = try LocalListing(mirror, for: destination, rotation, holding: holding)
    guard local.hasVersions || !local.trees.isEmpty else {
      throw MirrorError(
        .refused, "\(mirror.root)", "contains no complete version to publish to \(destination.name)",
        remedy: "check that it is mounted and the right mirror")
    }
    return local
  }

  /// Lists the other side: the mirror, and the files of an unfinished or waiting upload.
  ///
  /// - Parameter isShown: whether it is the step that the progress shows.
  func remoteListing(
    isShown: Bool = true
  ) throws(MirrorError) -> (mirror: RemoteListing, upload: RemoteListing) {
    var filters =
      destination.files.map { Self.filters(only: $0.directory) }
      ?? RsyncLeftover.inRoot.map { "--include=\($0)" } + ["--exclude=/.*", "--exclude=/lost+found"]
    let upload = Upload.directory(of: destination.server)
    if destination.isStaged {
      filters =
        [
          "--include=/\(Upload.parent)/", "--include=/\(upload)/", "--include=/\(upload)/**",
          "--exclude=/\(Upload.parent)/*",
        ]
        + filters
    }
    let all = try rsync.list(filters, isShown: isShown)
    var (mirror, incoming) = (all, RemoteListing())
    for (path, node) in all.nodes where path.isWithin(Upload.parent) {
      mirror.nodes[path] = nil
      guard path.isWithin(upload) else { continue }
      incoming.nodes[MirrorPath(bytes: Array(path.bytes.dropFirst(upload.bytes.count + 1)))] = node
    }
    return (mirror, incoming)
  }

  /// Lists only a directory and what is in it.
  private static func filters(only directory: MirrorPath) -> [String] {
    func pattern(_ path: MirrorPath) -> String { String(decoding: Rsync.pattern(path), as: UTF8.self) }
    let above = directory.ancestors.filter { $0 != .root } + [directory]
    return above.map { "--include=\(pattern($0))/" } + ["--include=\(pattern(directory))/**", "--exclude=*"]
  }

  func items(_ entries: [LocalEntry]) -> [Rsync.Item] {
    entries.map { Rsync.Item(base: mirror.root, path: $0.path) }
  }
}
