import MirrorModel
import LinuxSystem
import SystemPackage

/// A checked upload: moves the accepted files into the mirror.
struct ReceivedUpload {
  /// A checked file of the manifest.
  struct File {
    let path: MirrorPath
    let kind: UploadKind
    let digests: DigestSet
    /// Damage of a tarball, which is received but not offered.
    let fault: StreamFault?
    /// The identity of the hashed file.
    let identity: FileIdentity
    /// Whether it is already in its place, after an interrupted run.
    let isInPlace: Bool
    /// Whether it replaces another file in its place.
    let isReplacement: Bool

    /// Order of moving: a version counts once its `status` exists.
    var rank: Int {
      switch kind {
      case .tarball: 0
      case .digests, .document: 1
      case .signature: 2
      case .contents, .manifest: 3
      case .record: path.place.versionFile == .status ? 4 : 3
      }
    }
  }

  let manifest: UploadManifest
  /// Directory of the upload, relative to the root of the mirror.
  let place: MirrorPath
  let claim: SubarchClaim
  let catalog: Catalog
  let kinds: ArtifactKinds
  let cancellation: Cancellation
  /// Seconds since the epoch.
  let now: Int64

  /// Moves files into place, then makes links, then writes the control files.
  func move(
    _ files: [File], _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals,
    _ report: inout UploadReport
  ) throws(MirrorError) {
    let links = manifest.links.filter { !refusals.keepsOut($0.path.path) }
    let control = manifest.control.filter { !refusals.keepsOut($0.path.path) }
    report.subarches = Set(
      (files.map(\.path) + links.map(\.path.path)).compactMap(\.subarch)
    ).sorted()
    let claimed = Set(report.subarches).union(control.compactMap { $0.path.path.subarch })
    for subarch in claimed.sorted() { try claim.note(subarch, in: anchor) }
    let sorted = files.sorted { ($0.rank, $0.path) < ($1.rank, $1.path) }
    var records: [(MirrorPath, CatalogRecord)] = []
    report.units = Set(files.lazy.filter { !$0.isInPlace }.compactMap { $0.path.unit(kinds) }).sorted()
    for rank in 0...4 {
      var touched = Set<MirrorPath>()
      for file in sorted where file.rank == rank {
        try cancellation.check()
        guard let identity = try move(file, anchor) else { continue }
        touched.insert(file.path.parent)
        report.files += 1
        report.bytes = report.bytes &+ identity.size
        if rank == 0 {
          records.append(
            (
              file.path,
              CatalogRecord(
                identity: identity, digests: file.digests, hashedAt: now, fault: file.fault)
            ))
        }
      }
      for path in touched { try anchor.directory(path).sync() }
    }
    // If they cannot be stored, they are only computed again.
    try? catalog.update(storing: records)
    for link in links {
      do throws(MirrorError) { try make(link, anchor, &report) } catch { refusals.report(error) }
    }
    for file in control {
      do throws(MirrorError) { try write(file, anchor, &refusals) } catch { refusals.report(error) }
    }
    for path in manifest.cleared.map(\.path) where !refusals.keepsOut(path) {
      guard try anchor.status(at: path) != nil else { continue }
      try anchor.directory(path.parent).unlink(path.name)
    }
  }

  /// Moves one file; returns its identity in its place, or nil if it was already there.
  private func move(
    _ file: File, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileIdentity? {
    guard !file.isInPlace else { return nil }
    let source = try anchor.directory(place.joined(file.path).parent)
    let name = file.path.name
    let destination = try anchor.makePath(file.path.parent)
    let existing = try destination.status(of: name)
    // The first snapshot of a name is kept.
    if existing != nil, file.path.subarch == nil {
      try source.unlink(name)
      return nil
    }
    if let existing, existing.kind != .regular {
      throw MirrorError(
        .invalid, destination.displayed(name), "is not a regular file, and a file of that name was uploaded",
        remedy: "move it away")
    }
    let opened = try source.file(MirrorPath(bytes: name.bytes))
    let shown = source.displayed(name)
    var status = try attempt("examine", shown) { () throws(Errno) in try opened.status() }
    guard status.identity == file.identity else { throw changed(shown) }
    if status.links > 1 {
      if try hasFinished(status.identity, existing, destination) {
        try source.unlink(name)
        return try attempt("examine", shown) { () throws(Errno) in try opened.status() }.identity
      }
      status = try attempt("examine", shown) { () throws(Errno) in try opened.status() }
    }
    // To change the owner of a file that has another name would change it there too.
    guard status.links == 1 else {
      throw MirrorError(
        .invalid, shown, "has another name (a hard link): not received from \(manifest.server)",
        remedy: "remove it here, and publish there again")
    }
    let folder = try destination.status()
    try source.checkOwn(status, name, orOwnedBy: folder.uid)
    let ownershipRules = destination.ownershipRules
    // An ordinary user owns received files.
    try? opened.setOwner(ownershipRules.owner ?? folder.uid, ownershipRules.group ?? folder.gid)
    try attempt("set the mode of", shown) { () throws(Errno) in
      try opened.setMode(0o644)
      try opened.sync()
    }
    // Under a name that the uploader cannot replace, until it is known to be the hashed file.
    let temporary = TemporaryName.make()
    try destination.adopt(name, from: source, as: temporary)
    do throws(MirrorError) {
      guard let there = try destination.status(of: temporary), there.identity.isNode(status.identity),
        there.identity.hasSameContentTimes(as: file.identity)
      else { throw changed(shown) }
      // The signature of the replaced tarball; the new one follows.
      if file.isReplacement, file.kind == .tarball {
        _ = try SignatureFiles.drop(of: name, in: destination)
      }
      try destination.rename(temporary, to: name)
    } catch {
      try? destination.unlink(temporary)
      throw error
    }
    if let left = try source.status(of: name), left.identity.isNode(status.identity) {
      try source.unlink(name)
    }
    return try attempt("examine", shown) { () throws(Errno) in try opened.status() }.identity
  }

  /// Whether a killed run already put a file in its place; removes temporary names that it left.
  private func hasFinished(
    _ file: FileIdentity, _ existing: FileStatus?, _ destination: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    for entry in try destination.entries() where TemporaryName.matches(entry.name) {
      if let status = try destination.status(of: entry.name), status.identity.isNode(file) {
        try destination.unlink(entry.name)
      }
    }
    return existing?.identity.isNode(file) ?? false
  }

  private func changed(_ shown: String) -> MirrorError {
    MirrorError(.changed, shown, "changed during receiving", remedy: "publish there again")
  }

  private func make(
    _ link: UploadManifest.Link, _ anchor: borrowing AnchoredDirectory, _ report: inout UploadReport
  ) throws(MirrorError) {
    let path = link.path.path
    let target = link.target.path.bytes
    guard let destination = Link.destination(of: target, in: path.parent, roots: []),
      try anchor.status(at: destination)?.kind == .regular
    else { return }
    let directory = try anchor.makePath(path.parent)
    if let existing = try directory.status(of: path.name) {
      guard existing.kind == .link else {
        throw MirrorError(
          .invalid, directory.displayed(path.name), "is not a link, and a link of that name was uploaded",
          remedy: "move it away")
      }
      let said = try directory.linkText(of: path.name)
      // The newest snapshot of all servers wins.
      let isOlder = path.place.isInSnapshots && target.lexicographicallyPrecedes(said)
      if said == target || isOlder { return }
    }
    // A run that was killed here left another link.
    try directory.removeLeftovers(claim.control.probe)
    try directory.replaceLink(path.name, to: target, try directory.fileOwnership())
    try directory.sync()
    report.files += 1
  }

  private func write(
    _ control: UploadManifest.Control, _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) throws(MirrorError) {
    let path = control.path.path
    if let version = control.version, let subarch = path.subarch,
      try anchor.status(at: subarch.appending(version))?.kind != .directory
    {
      return refusals.drop(
        path,
        MirrorError(
          .invalid, anchor.displayed(path),
          "refers to version \(version), which does not exist here: not received from \(manifest.server)",
          remedy: "publish that version too"))
    }
    let directory = try anchor.makePath(path.parent)
    // A run that was killed here left the file unwritten, so it is written again.
    try directory.removeLeftovers(claim.control.probe)
    var written = try DurableFile(path.name, in: directory)
    try written.write(Array(control.text.utf8))
    try written.keepTime(control.mtime)
    try written.commit(try directory.fileOwnership())
  }
}
