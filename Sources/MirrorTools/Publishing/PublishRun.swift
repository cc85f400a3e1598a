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

  /// Where builds are made or received nothing is removed from outside: that may be this very mirror.
  private func checkPlace(_ remote: RemoteListing) throws(MirrorError) {
    let control = remote.nodes.keys.first { path in
      let components = path.components
      return components.count == 4 && components[3] == ControlDirectory.name
    }
    guard target.deletes, !target.isStaged, let control else { return }
    throw MirrorError(
      .refused, target.subject, "somebody works on the mirror there (\(control)), and delete is yes",
      remedy: "publish to another directory, or write delete: no")
  }

  /// Neither a tarball that is known to be corrupt nor one beside digests of the one before it is published.
  private func checkSound(_ sent: [LocalEntry], _ local: LocalListing) throws(MirrorError) {
    let corrupt = Set(try digests.catalog.corrupt(in: mirror))
    let known = Dictionary(local.entries.map { ($0.path, $0) }) { first, _ in first }
    for entry in sent where TarballName(entry.path.name) != nil {
      func refusal(_ problem: String, _ remedy: String) -> MirrorError {
        MirrorError(
          .refused, mirror.displayed(entry.path), "\(problem), so that nothing is published", remedy: remedy)
      }
      if corrupt.contains(entry.path) {
        throw refusal("is known to be corrupt", "restore it, or remove its version and run `mirrorctl index`")
      }
      let sidecar = known[entry.path.parent.appending(HashTextFile.name(of: entry.path.name))]
      if let digested = sidecar?.identity, let identity = entry.identity, digested.isOlder(than: identity),
        try !isDescribed(entry.path, identity)
      {
        throw refusal("is newer than its digests", "run `mirrorctl digestgen` and `mirrorctl index`")
      }
    }
  }

  /// Whether an older `.hash.txt` tells the digest of a tarball all the same: somebody touched it, and it was read
  /// since.
  private func isDescribed(_ path: MirrorPath, _ identity: FileIdentity) throws(MirrorError) -> Bool {
    guard let record = try digests.catalog.record(of: path), identity.isSameFile(as: record.identity),
      let digest = record.digests[.sha256]
    else { return false }
    let directory = try AnchoredDirectory(root: mirror.root).directory(path.parent)
    return try HashTextFile.digests(of: path.name, in: directory)?[.sha256] == digest
  }

  /// An index that names what is not sent is not sent either.
  private func checkIndexes(_ local: LocalListing) throws(MirrorError) {
    let indexes = local.entries.filter {
      [.index, .page].contains($0.role) && IndexReferences.areIn($0.path)
    }
    guard !indexes.isEmpty else { return }
    let anchor = try AnchoredDirectory(root: mirror.root)
    let known = Dictionary(local.entries.map { ($0.path, $0) }) { first, _ in first }
    let lookup = try DigestLookup(mirror, catalog: digests.catalog)
    let tarballs = Dictionary(mirror.folders.flatMap(\.tarballs).map { ($0.path, $0) }) { first, _ in first }
    var told: [MirrorPath: String] = [:]
    for index in indexes {
      let bytes = try anchor.contents(of: index.path, limit: 256 << 20) ?? []
      let name = "\(mirror.displayed(index.path))"
      func refusal(_ problem: String, _ remedy: String) -> MirrorError {
        MirrorError(.refused, name, "\(problem), so that nothing is published", remedy: remedy)
      }
      guard let content = IndexReferences(bytes, at: index.path) else {
        throw refusal("is no well-formed XML", "run `mirrorctl index`")
      }
      for reference in content.references {
        guard let file = known[reference.path] else {
          if let exclusion = local.excluded[reference.path] {
            throw refusal(
              "names \(reference.path), which `exclude: \(exclusion)` of publish/\(target.name) leaves out",
              "change exclude, or what the index names")
          }
          throw refusal("names \(reference.path), which is not there", "run `mirrorctl index`")
        }
        if let size = reference.size, case .file = file.node, size != file.node.size {
          throw refusal(
            "tells another size of \(reference.path)", "run `mirrorctl digestgen` and `mirrorctl index`")
        }
        guard let sha256 = reference.sha256 else { continue }
        if told[reference.path] == nil {
          told[reference.path] = tarballs[reference.path].flatMap { lookup($0)["sha256"] } ?? ""
        }
        if let digest = told[reference.path], !digest.isEmpty, digest != sha256 {
          throw refusal("tells another digest of \(reference.path)", "run `mirrorctl index`")
        }
      }
    }
  }

  /// Throws if any of these is not what was planned.
  func checkUnchanged(_ entries: [LocalEntry]) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    for entry in entries {
      guard let identity = entry.identity else { continue }
      let status = try anchor.status(at: entry.path)
      guard status?.identity == identity else {
        throw MirrorError(
          .changed, anchor.displayed(entry.path), "changed while it was published", remedy: "run again")
      }
    }
  }

  func items(_ entries: [LocalEntry]) -> [Rsync.Item] {
    entries.map { Rsync.Item(base: mirror.root, path: $0.path) }
  }
}
