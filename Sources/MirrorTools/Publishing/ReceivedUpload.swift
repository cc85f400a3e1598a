import Glibc
import SystemPackage

/// An upload whose manifest is there: checks its files, and moves them.
struct ReceivedUpload {
  /// A file of the manifest that was found right.
  struct File {
    let path: MirrorPath
    let digests: DigestSet
    /// As it was hashed.
    let identity: FileIdentity
    /// Whether it is in its place already: an earlier run was interrupted.
    let isInPlace: Bool

    /// What may appear when: a version counts by its `status`.
    var rank: Int {
      if TarballName(path.name) != nil { return 0 }
      switch SidecarKind.parse(path.name)?.kind {
      case .hashText, .digests: return 1
      case .signature, .armored: return 2
      case .contents, .metalink, nil: return path.name == "status" && path.components.count == 5 ? 4 : 3
      }
    }
  }

  let manifest: UploadManifest
  /// Where it waits, below the mirror's root.
  let place: MirrorPath
  let receiver: Receiver

  /// Looks at every file and hashes it.
  ///
  /// - Throws: `changed` when anything is missing or not what the manifest says; what is wrong is removed, so
  ///   that it is sent again.
  func checked(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> [File] {
    var places: [(path: MirrorPath, size: Int64, device: UInt64)] = []
    for file in manifest.files {
      let path = file.path.path
      let waiting = try anchor.status(at: place.joined(path))
      if let waiting, waiting.kind != .regular { throw try refuse(path, "is no regular file", anchor) }
      if let waiting, waiting.size != file.size { throw try refuse(path, "has another size", anchor) }
      var found = waiting
      if found == nil { found = try anchor.status(at: path) }
      guard let found, found.kind == .regular, waiting != nil || found.size == file.size else {
        throw MirrorError(
          .changed, anchor.displayed(place.joined(path)), "has not arrived", remedy: "publish there again")
      }
      places.append((waiting == nil ? path : place.joined(path), file.size, found.identity.device))
    }
    let sums = try FileSums.of(places, receiver.digests, as: "receiving")
    var files: [File] = []
    for (index, file) in manifest.files.enumerated() {
      let result = try sums[index].get()
      let isInPlace = places[index].path == file.path.path
      guard hex(result.digests[.sha256] ?? []) == file.sha256 else {
        if isInPlace {
          throw MirrorError(
            .changed, anchor.displayed(place.joined(file.path.path)), "has not arrived",
            remedy: "publish there again")
        }
        throw try refuse(file.path.path, "is not what was sent: its digest is another", anchor)
      }
      files.append(
        File(
          path: file.path.path, digests: result.digests, identity: result.identity, isInPlace: isInPlace))
    }
    return files
  }

  /// Removes what came wrong, and says so.
  private func refuse(
    _ path: MirrorPath, _ problem: String, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError {
    let full = place.joined(path)
    let directory = try anchor.directory(full.parent)
    // What is a directory stays: nobody knows what is in it.
    try? directory.unlink(full.name)
    return MirrorError(
      .changed, anchor.displayed(full), "\(problem); it is removed, and nothing is received",
      remedy: "publish there again")
  }

  /// Moves files into place, then makes links, then tells what the server's control files say.
  func move(
    _ files: [File], _ anchor: borrowing AnchoredDirectory, _ report: inout ReceiveReport
  ) throws(MirrorError) {
    let sorted = files.sorted { ($0.rank, $0.path) < ($1.rank, $1.path) }
    var records: [(MirrorPath, CatalogRecord)] = []
    let others = try snapshotsOfOthers(files, anchor)
    for rank in 0...4 {
      var touched = Set<MirrorPath>()
      for file in sorted where file.rank == rank {
        try receiver.digests.cancellation.check()
        guard let identity = try move(file, anchor, besideOthers: others) else { continue }
        touched.insert(file.path.parent)
        report.files += 1
        report.bytes = report.bytes &+ identity.size
        if rank == 0 {
          records.append(
            (
              file.path,
              CatalogRecord(identity: identity, digests: file.digests, hashedAt: receiver.digests.now)
            ))
        }
      }
      for path in touched { try anchor.directory(path).sync() }
    }
    // Losing them costs time alone.
    try? receiver.digests.catalog.update(storing: records)
    for link in manifest.links { try make(link, anchor, &report) }
    try control(anchor)
    let subarches = manifest.files.map(\.path.path) + manifest.links.map(\.path.path)
    report.subarches = Set(subarches.compactMap(UploadCheck.subarch)).sorted()
    for subarch in report.subarches { try own(subarch, anchor) }
  }

  /// Snapshots in their place that are another server's of the same name.
  private func snapshotsOfOthers(
    _ files: [File], _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Set<MirrorPath> {
    var others: Set<MirrorPath> = []
    for file in files where file.rank == 0 && !file.isInPlace && file.path.parent.name == "snapshots" {
      guard let there = try anchor.status(at: file.path) else { continue }
      if try !holds(file, there, in: anchor.directory(file.path.parent)) { others.insert(file.path) }
    }
    return others
  }

  /// Whether a file in its place is known to have the very content that was sent.
  private func holds(
    _ file: File, _ there: FileStatus, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    let record = try receiver.digests.catalog.record(of: file.path)
    if let record, there.identity.isSameFile(as: record.identity) {
      return record.digests[.sha256] == file.digests[.sha256]
    }
    let told = try HashTextFile.digests(of: file.path.name, notOlderThan: there.identity, in: directory)
    return told?[.sha256] == file.digests[.sha256]
  }

  /// Moves one file; gives what it is in its place, or nil if it was there or another one stays.
  private func move(
    _ file: File, _ anchor: borrowing AnchoredDirectory, besideOthers others: Set<MirrorPath>
  ) throws(MirrorError) -> FileIdentity? {
    guard !file.isInPlace else { return nil }
    let source = try anchor.directory(place.joined(file.path).parent)
    let name = file.path.name
    let destination = try anchor.makePath(file.path.parent)
    let existing = try destination.status(of: name)
    // Servers make snapshots of the same name: the first one stays, and what describes it.
    let tarball = file.path.parent.appending(SidecarKind.parse(name)?.tarball ?? name)
    if file.path.parent.name == "snapshots", existing != nil || others.contains(tarball) {
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
    _ = fchown(opened.raw, layout.owner ?? folder.uid, layout.group ?? folder.gid)
    try attempt("set the mode of", shown) { () throws(Errno) in
      try retrying { Int(fchmod(opened.raw, 0o644)) }
      try opened.sync()
    }
    // Of the tarball that goes; that of this one comes after it.
    if let existing, TarballName(name) != nil, try !holds(file, existing, in: destination) {
      _ = try SignatureFiles.drop(of: name, in: destination)
    }
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
    _ link: UploadManifest.Link, _ anchor: borrowing AnchoredDirectory, _ report: inout ReceiveReport
  ) throws(MirrorError) {
    let path = link.path.path
    let target = link.target.path.bytes
    guard let destination = Link.destination(of: target, in: path.parent, roots: []),
      try anchor.status(at: destination) != nil
    else { return }
    let directory = try anchor.makePath(path.parent)
    if let existing = try directory.status(of: path.name) {
      guard existing.kind == .link else {
        throw MirrorError(
          .invalid, directory.displayed(path.name), "is no link, and one of that name was uploaded",
          remedy: "move it away")
      }
      let said = try directory.linkTarget(of: path.name)
      // Of several servers' snapshots the newest counts.
      let isOlder = path.parent.name == "snapshots" && target.lexicographicallyPrecedes(said)
      if said == target || isOlder { return }
    }
    try directory.replaceLink(
      path.name, to: target, try directory.fileOwnership())
    try directory.sync()
    report.files += 1
  }

  private func control(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    for file in manifest.control {
      let directory = try anchor.makePath(file.path.path.parent)
      var written = try DurableFile(file.path.path.name, in: directory)
      try written.write(Array(file.text.utf8))
      try written.keepTime(file.mtime)
      try written.commit(try directory.fileOwnership())
    }
    for file in manifest.cleared where try anchor.status(at: file.path) != nil {
      try anchor.directory(file.path.parent).unlink(file.path.name)
    }
  }

  /// Notes whose subarch it is.
  private func own(_ subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.makePath(subarch.appending(ControlDirectory.name))
    guard try directory.status(of: Receiver.ownerFile) == nil else { return }
    try DurableFile.write(
      Array("\(manifest.server)\n".utf8), to: Receiver.ownerFile, in: directory,
      try directory.fileOwnership())
  }
}
