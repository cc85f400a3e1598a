import MirrorModel
import LinuxSystem

/// Decides what `digestgen` does: a function of the mirror, the catalog and the options.
struct DigestPlanner {
  let options: DigestOptions
  let signing: SigningSettings?
  let catalog: Catalog
  /// Signatures that were made or checked here, by path.
  let checked: [MirrorPath: Catalog.CheckedSignature]
  /// Returns the digests in a `.hash.txt` if they are those of the present tarball; called only if needed.
  let readSidecar: (Tarball) -> DigestSet?
  /// Returns whether the ends of a tarball that was never hashed here show damage; called only before its
  /// digests are adopted.
  let isDamaged: (Tarball) -> Bool

  func plan(_ mirror: Mirror) throws(MirrorError) -> DigestPlan {
    var plan = DigestPlan()
    var beingBuilt: [MirrorPath] = []
    for subarch in mirror.subarches {
      for version in subarch.versions where subarch.isBeingBuilt(version) {
        guard let lock = subarch.control.liveLock, options.includes(version.path) else { continue }
        beingBuilt.append(version.path)
        let holder = lock.holder
        plan.skipped.append(.init(path: version.path, reason: "being built (\(holder))"))
      }
    }
    var walk = CatalogWalk(catalog)
    try walk.forEach(mirror) { folder, records in
      guard !beingBuilt.contains(where: { folder.path.isWithin($0) }) else { return }
      let before = plan.count
      planTarballs(of: folder, records, into: &plan)
      // Those of a folder without work are not needed again.
      if plan.count > before {
        for (name, record) in records { plan.records[folder.path.appending(name)] = record }
      }
      planOrphans(of: folder, into: &plan)
    }
    LinkPlanner(options: options, beingBuilt: beingBuilt).plan(mirror, into: &plan)
    plan.hashes.sort { $0.path < $1.path }
    plan.known.sort { $0.path < $1.path }
    plan.signatures.sort { ($0.path, $0.format.rawValue) < ($1.path, $1.format.rawValue) }
    plan.outdated.sort { $0.path < $1.path }
    plan.links.sort { $0.path < $1.path }
    plan.removals.sort { $0.path < $1.path }
    // A directory that could not be read may still contain its tarballs.
    guard mirror.problems.isEmpty else { return plan }
    plan.forgotten = try walk.forgotten(mirror)
    if !checked.isEmpty {
      // A planned one may be in the place of a link.
      let signatures = Set(
        mirror.folders.flatMap(\.signatures) + mirror.bystanderFolders.flatMap(\.signatures)
          + plan.signatures.map(\.destination))
      plan.forgottenSignatures = checked.keys.filter { !signatures.contains($0) }.sorted()
    }
    return plan
  }

  private func planTarballs(
    of folder: Folder, _ records: [FileName: CatalogRecord], into plan: inout DigestPlan
  ) {
    let tarballs = folder.tarballs.filter { $0.format.isReleased && options.includes($0.path) }
    guard !tarballs.isEmpty || !folder.manifests.isEmpty else { return }
    // An existing format is kept up to date, whether requested or not.
    let manifests = ManifestKind.allCases.filter { kind in
      folder.manifests.contains(kind)
        || (!tarballs.isEmpty
          && options.formats.contains { ManifestKind.kinds(of: $0, options.algorithms).contains(kind) })
    }
    let wanted = options.algorithms.union([.sha256]).union(manifests.compactMap(\.algorithm))
    let digested = Set(folder.sidecars.lazy.filter { $0.kind == .digests }.map(\.tarball))
    let signatures = SignaturePlanner(options: options, settings: signing, checked: checked)
    var (touched, corrupt) = (Set<FileName>(), Set<FileName>())
    for tarball in tarballs {
      let sidecar = folder.sidecar(folder.layout.digestFile, of: tarball.name)
      let decision = decision(tarball, records[tarball.name], sidecar, wanted)
      Log.detail("\(tarball.path): \(decision)")
      switch decision {
      case .corrupt:
        corrupt.insert(tarball.name)
        plan.corrupt.append(tarball.path)
      case .damaged: plan.damaged.append(tarball.path)
      case .settled: signatures.plan(tarball, nil, in: folder, into: &plan)
      case .known(let record, let isAdoption):
        plan.known.append(.init(path: tarball.path, isAdoption: isAdoption, record: record))
        touched.insert(tarball.name)
        signatures.plan(tarball, nil, in: folder, into: &plan)
      case .hash(let reason):
        plan.hashes.append(
          .init(
            path: tarball.path, size: tarball.status.size, reason: reason,
            algorithms: wanted.sorted { $0.rawValue < $1.rawValue }, device: tarball.status.identity.device))
        touched.insert(tarball.name)
        signatures.plan(tarball, reason, in: folder, into: &plan)
        guard reason == .changed || reason == .forced else { continue }
        plan.outdated += folder.documents(of: tarball.name).values.map {
          .init(path: $0, tarball: tarball.name)
        }
      }
    }
    let withDigests = tarballs.map(\.name).filter {
      options.formats.contains(.digests) || digested.contains($0)
    }
    let signed = signatures.plan(
      manifests, tarballs.map(\.name).filter { !corrupt.contains($0) },
      withDigests, touched: touched, in: folder, into: &plan)
    if !manifests.isEmpty || !withDigests.isEmpty {
      plan.folders.append(
        .init(path: folder.path, manifests: manifests, digests: withDigests, signatures: signed))
      let isListed = manifests.contains { $0 != .manifest }
      plan.unlisted += tarballs.filter { tarball in
        (isListed || withDigests.contains(tarball.name)) && !SidecarText.canList(tarball.name)
      }.map(\.path)
    }
  }

  /// What to do with one tarball.
  private enum Decision: CustomStringConvertible {
    /// Its digests and its sidecar are up to date.
    case settled
    /// Its digests are known; its sidecar is rewritten, or adopted into the catalog.
    case known(CatalogRecord, isAdoption: Bool)
    case hash(DigestPlan.Reason)
    /// Its content is known to differ from its digests.
    case corrupt
    /// It cannot be unpacked.
    case damaged

    /// Text for the log.
    var description: String {
      switch self {
      case .settled: "digests in the catalog and in the sidecar"
      case .known(_, isAdoption: true): "digests are adopted from the sidecar"
      case .known(_, isAdoption: false): "digests in the catalog, sidecar is rewritten"
      case .hash(let reason): "to hash: \(reason.rawValue)"
      case .corrupt: "corrupt"
      case .damaged: "damaged"
      }
    }
  }

  private func decision(
    _ tarball: Tarball, _ record: CatalogRecord?, _ sidecar: Sidecar?, _ wanted: Set<DigestAlgorithm>
  ) -> Decision {
    let isSame = record.map { tarball.status.identity.isSameFile(as: $0.identity) } ?? false
    // A corrupt tarball keeps its digests until it is selected by name.
    if let record, isSame, record.isCorrupt, !(options.force && options.names(tarball.path)) {
      return .corrupt
    }
    if let record, isSame, record.fault != nil, !options.force { return .damaged }
    if options.force { return .hash(options.names(tarball.path) ? .forced : .again) }
    if let record {
      guard isSame else { return .hash(.changed) }
      guard record.digests.covers(wanted) else { return .hash(.algorithms) }
      if let sidecar, let seen = record.sidecar, sidecar.identity.isSameFile(as: seen) { return .settled }
      return .known(record, isAdoption: false)
    }
    guard let sidecar else { return .hash(.new) }
    guard let digests = readSidecar(tarball) else { return .hash(.changed) }
    // Hashing it finds the damage, and records it.
    guard digests.covers(wanted), !isDamaged(tarball) else { return .hash(.algorithms) }
    return .known(
      CatalogRecord(identity: tarball.status.identity, sidecar: sidecar.identity, digests: digests),
      isAdoption: true)
  }

  private func planOrphans(of folder: Folder, into plan: inout DigestPlan) {
    guard !folder.sidecars.isEmpty || !folder.digestSignatures.isEmpty else { return }
    let names = Set(folder.tarballs.map(\.name) + folder.links.map(\.path.name))
    SignaturePlanner(options: options, settings: signing, checked: checked).planOrphans(
      of: folder, without: names, into: &plan)
    // A notice stays when its tarball is deleted.
    for sidecar in folder.sidecars where !names.contains(sidecar.tarball) && sidecar.kind != .withdrawal {
      let path = folder.path.appending(sidecar.name)
      if options.includes(path) { plan.removals.append(.init(path: path, tarball: sidecar.tarball)) }
    }
  }
}

extension Folder {
  /// The paths of all signatures.
  fileprivate var signatures: [MirrorPath] {
    (sidecars.filter { $0.kind.signatureFormat != nil }.map(\.name) + digestSignatures.map(\.name))
      .map { path.appending($0) }
  }
}
