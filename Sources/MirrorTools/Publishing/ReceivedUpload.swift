import MirrorModel
import LinuxSystem
import SystemPackage

/// An upload that was judged: moves what may come in.
struct ReceivedUpload {
  /// A file of the manifest that was found right.
  struct File {
    let path: MirrorPath
    let kind: UploadKind
    let digests: DigestSet
    /// What is wrong with a tarball: it is received as it is, and not offered.
    let fault: StreamFault?
    /// As it was hashed.
    let identity: FileIdentity
    /// Whether it is in its place already: an earlier run was interrupted.
    let isInPlace: Bool
    /// Whether something else is in its place, which it may replace.
    let isReplacement: Bool

    /// What may appear when: a version counts by its `status`.
    var rank: Int {
      switch kind {
      case .tarball: 0
      case .digests: 1
      case .signature: 2
      case .contents, .manifest: 3
      case .record: path.place.versionFile == .status ? 4 : 3
      }
    }
  }

  let manifest: UploadManifest
  /// Where it waits, below the mirror's root.
  let place: MirrorPath
  let claim: SubarchClaim
  let catalog: Catalog
  let cancellation: Cancellation
  /// Seconds since the epoch.
  let now: Int64

  /// Moves files into place, then makes links, then tells what the server's control files say.
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
    // Losing them costs time alone.
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

  /// Moves one file; gives what it is in its place, or nil if it was there.
  private func move(
    _ file: File, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileIdentity? {
    guard !file.isInPlace else { return nil }
    let source = try anchor.directory(place.joined(file.path).parent)
    let name = file.path.name
    let destination = try anchor.makePath(file.path.parent)
    let existing = try destination.status(of: name)
    // Of a snapshot the first one stays.
    if existing != nil, file.path.subarch == nil {
      try source.unlink(name)
      return nil
    }
    if let existing, existing.kind != .regular {
      throw MirrorError(
        .invalid, destination.displayed(name), "is no regular file, and one of that name was uploaded",
        remedy: "move it away")
    }
    let opened = try source.file(MirrorPath(bytes: name.bytes))
    let shown = source.displayed(name)
    let status = try attempt("look at", shown) { () throws(Errno) in try opened.status() }
    guard status.identity == file.identity else {
      throw MirrorError(.changed, shown, "changed while it was received", remedy: "publish there again")
    }
    let folder = try destination.status()
    let layout = destination.layout
    // A plain user keeps what he received.
    try? opened.setOwner(layout.owner ?? folder.uid, layout.group ?? folder.gid)
    try attempt("set the mode of", shown) { () throws(Errno) in
      try opened.setMode(0o644)
      try opened.sync()
    }
    // Of the tarball that goes; that of this one comes after it.
    if file.isReplacement, file.kind == .tarball { _ = try SignatureFiles.drop(of: name, in: destination) }
    try destination.take(name, from: source, as: name)
    let taken = try attempt("look at", shown) { () throws(Errno) in try opened.status() }.identity
    // Its uploader may have given the name to something else meanwhile, or written to what was hashed.
    guard let there = try destination.status(of: name), there.identity == taken,
      taken.hasSameContentTimes(as: file.identity)
    else {
      try destination.unlink(name)
      throw MirrorError(.changed, shown, "changed while it was received", remedy: "publish there again")
    }
    return taken
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
          .invalid, directory.displayed(path.name), "is no link, and one of that name was uploaded",
          remedy: "move it away")
      }
      let said = try directory.linkText(of: path.name)
      // Of several servers' snapshots the newest counts.
      let isOlder = path.place.isInSnapshots && target.lexicographicallyPrecedes(said)
      if said == target || isOlder { return }
    }
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
          "names no version that is here, but \(version): not received from \(manifest.server)",
          remedy: "publish that version too"))
    }
    let directory = try anchor.makePath(path.parent)
    var written = try DurableFile(path.name, in: directory)
    try written.write(Array(control.text.utf8))
    try written.keepTime(control.mtime)
    try written.commit(try directory.fileOwnership())
  }
}
