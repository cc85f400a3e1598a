import MirrorModel
public import LinuxSystem
import SystemPackage

/// What publishing to one destination came to.
public struct DestinationReport: Encodable, Sendable {
  /// The destination's name in the configuration.
  public let destination: String
  /// Names that were sent.
  public internal(set) var files = 0
  /// Bytes of them.
  public internal(set) var bytes: Int64 = 0
  /// Names that were removed there.
  public internal(set) var deleted = 0
  /// What the other side said of an upload, a line each.
  public internal(set) var said: [String] = []
  /// Files that were compared by a check.
  public internal(set) var compared = 0
  /// Bytes of them.
  public internal(set) var comparedBytes: Int64 = 0
  /// Files that a check found to be others there than were sent, although size and time agreed.
  public internal(set) var corruptThere: [MirrorPath] = []
  /// Files here that are not as their digests say.
  public internal(set) var corruptHere: [MirrorPath] = []
  /// What was not done, and why.
  public internal(set) var problems: [MirrorError] = []
  /// What is worth knowing, and needs no repair here.
  public internal(set) var notices: [MirrorError] = []

  private enum CodingKeys: CodingKey {
    case files, bytes, deleted, said, compared, comparedBytes, corruptThere, corruptHere
  }
}

/// Which files are compared by their content, although a listing says that they are there as they are here.
public enum PublishCheck: Hashable, Sendable {
  /// Only those of which it is not known.
  case none
  /// This share, those first that were compared least recently.
  case part(VerifySubset)
  /// The destination's share, unless one was compared this day (UTC).
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
  let rsync: Rsync

  /// - Parameters:
  ///   - mirror: as it was just scanned.
  ///   - hasher: hashes what is sent.
  ///   - now: seconds since the epoch.
  ///   - holding: builds, arches or subarches of which the destination keeps what it has.
  ///   - check: what is compared by content.
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
    rsync = Rsync(destination: destination, progress: progress, cancellation: hasher.cancellation)
  }

  /// What would be done; nothing is written here or there.
  ///
  /// - Returns: the plan, and what of the report is known before anything is done.
  func plan() throws(MirrorError) -> (plan: PublishPlan, report: DestinationReport) {
    let survey = try survey(try localListing(), remembers: false)
    return (survey.plan, survey.report)
  }

  /// Does it.
  func apply() throws(MirrorError) -> DestinationReport {
    let local = try localListing()
    return destination.isStaged ? try upload(local) : try publish(local)
  }

  private func localListing() throws(MirrorError) -> LocalListing {
    if case .path(let path) = destination.address {
      let (here, there) = (mirror.canonicalRoot, FilePath(path).canonical.bytes)
      let slash = [UInt8(ascii: "/")]
      if (here + slash).starts(with: there + slash) || (there + slash).starts(with: here + slash) {
        throw MirrorError(
          .invalid, destination.subject,
          "\(destination.address) is the mirror itself, or one lies in the other",
          remedy: "publish to another directory")
      }
    }
    let local = try LocalListing(mirror, for: destination, rotation, holding: holding)
    guard local.hasVersions else {
      throw MirrorError(
        .refused, "\(mirror.root)", "holds nothing complete to publish to \(destination.name)",
        remedy: "is it mounted, and is this the right mirror?")
    }
    return local
  }

  /// What lies there: the mirror, and what of an upload waits in it.
  func remoteListing() throws(MirrorError) -> (mirror: RemoteListing, upload: RemoteListing) {
    var filters = ["--exclude=/.*", "--exclude=/lost+found"]
    let upload = Upload.directory(of: destination.server)
    if destination.isStaged {
      filters =
        [
          "--include=/\(Upload.parent)/", "--include=/\(upload)/", "--include=/\(upload)/**",
          "--exclude=/\(Upload.parent)/*",
        ]
        + filters
    }
    let all = try rsync.list(filters)
    var (mirror, incoming) = (RemoteListing(), RemoteListing())
    mirror.mungesLinks = all.mungesLinks
    for (path, node) in all.nodes {
      if path.isWithin(upload) {
        incoming.nodes[MirrorPath(bytes: Array(path.bytes.dropFirst(upload.bytes.count + 1)))] = node
      } else if !path.isWithin(Upload.parent) {
        mirror.nodes[path] = node
      }
    }
    return (mirror, incoming)
  }

  func items(_ entries: [LocalEntry]) -> [Rsync.Item] {
    entries.map { Rsync.Item(base: mirror.root, path: $0.path) }
  }
}
