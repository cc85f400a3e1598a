import SystemPackage

/// What publishing to one target came to.
public struct PublishReport: Encodable, Sendable {
  /// The target's name in the configuration.
  public let target: String
  /// Names that were sent.
  public internal(set) var files = 0
  /// Bytes of them.
  public internal(set) var bytes: Int64 = 0
  /// Names that were removed there.
  public internal(set) var deleted = 0
  /// What the other side said of an upload, a line each.
  public internal(set) var said: [String] = []
}

/// Publishes a mirror to one target. The mirror's lock must be held.
public struct PublishRun: Sendable {
  let mirror: Mirror
  let target: PublishTarget
  let rotation: RotationSettings
  let digests: DigestRun
  let rsync: Rsync

  /// - Parameters:
  ///   - mirror: as it was just scanned.
  ///   - digests: hashes what is sent to a server that receives.
  public init(_ mirror: Mirror, to target: PublishTarget, _ rotation: RotationSettings, _ digests: DigestRun)
  {
    self.mirror = mirror
    self.target = target
    self.rotation = rotation
    self.digests = digests
    rsync = Rsync(target: target, progress: digests.progress, cancellation: digests.cancellation)
  }

  var now: Int64 { digests.now }

  /// What would be done; nothing is written here or there.
  public func plan() throws(MirrorError) -> PublishPlan {
    let local = try localListing()
    return try plan(local, try planner(), try remoteListing().mirror)
  }

  /// Does it.
  public func apply() throws(MirrorError) -> PublishReport {
    let local = try localListing()
    return target.isStaged ? try upload(local) : try publish(local)
  }

  func planner() throws(MirrorError) -> PublishPlanner {
    let known = try digests.catalog.superfluous(at: target.name)
    return PublishPlanner(target: target, grace: known, now: now)
  }

  private func localListing() throws(MirrorError) -> LocalListing {
    if case .path(let path) = target.destination {
      let (here, there) = (mirror.canonicalRoot, FilePath(path).canonical.bytes)
      let slash = [UInt8(ascii: "/")]
      if (here + slash).starts(with: there + slash) || (there + slash).starts(with: here + slash) {
        throw MirrorError(
          .invalid, target.subject, "\(target.destination) is the mirror itself, or one lies in the other",
          remedy: "publish to another directory")
      }
    }
    let local = try LocalListing(mirror, for: target, rotation)
    guard local.hasVersions else {
      throw MirrorError(
        .refused, "\(mirror.root)", "holds nothing complete to publish to \(target.name)",
        remedy: "is it mounted, and is this the right mirror?")
    }
    try checkIndexes(local)
    return local
  }

  /// What lies there: the mirror, and what of an upload waits in it.
  func remoteListing() throws(MirrorError) -> (mirror: RemoteListing, upload: RemoteListing) {
    var filters = ["--exclude=/.*", "--exclude=/lost+found"]
    let upload = Upload.directory(of: target.server)
    if target.isStaged {
      filters =
        [
          "--include=/\(Upload.parent)/", "--include=/\(upload)/", "--include=/\(upload)/**",
          "--exclude=/\(Upload.parent)/*",
        ]
        + filters
    }
    let all = try rsync.list(filters)
    var (mirror, incoming) = (RemoteListing(), RemoteListing())
    for (path, node) in all.nodes {
      if path.isWithin(upload) {
        incoming.nodes[MirrorPath(bytes: Array(path.bytes.dropFirst(upload.bytes.count + 1)))] = node
      } else if !path.isWithin(Upload.parent) {
        mirror.nodes[path] = node
      }
    }
    return (mirror, incoming)
  }

  /// What is to be done there.
  ///
  /// - Throws: `refused` where it would be wrong to do it.
  func plan(
    _ local: LocalListing, _ planner: PublishPlanner, _ remote: RemoteListing
  ) throws(MirrorError) -> PublishPlan {
    try checkPlace(remote)
    let plan = planner.plan(local, remote)
    try checkSound(plan.payload + plan.replaced, local)
    return plan
  }

  func items(_ entries: [LocalEntry]) -> [Rsync.Item] {
    entries.map { Rsync.Item(base: mirror.root, path: $0.path) }
  }
}
