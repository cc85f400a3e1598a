import MirrorModel
import LinuxSystem
import SystemPackage

/// The publishable files of a mirror at one point in time.
struct LocalListing: Sendable {
  /// The layout of the mirror.
  private(set) var layout = MirrorLayout.metro
  /// The formats of release files.
  let kinds: ArtifactKinds
  /// By path.
  var entries: [LocalEntry] = []
  /// Paths that are held: at and below them, the destination is left as it is.
  private(set) var held: Set<MirrorPath> = []
  /// The subarches in the listing.
  var subarches: Set<MirrorPath> = []
  /// Excluded paths, with the exclusion that matched.
  var excluded: [MirrorPath: PublishExclusion] = [:]
  /// Versions, artifacts and snapshots that are withdrawn here.
  private(set) var withdrawn: Set<MirrorPath> = []
  /// Whether any version is complete or withdrawn.
  var hasVersions = false
  /// The trees of binary packages in the listing.
  var trees: Set<MirrorPath> = []
  /// Trees that are held, and why.
  private(set) var problems: [MirrorError] = []
  /// Whether everything could be read, so that missing files are known to be deleted.
  var isWhole = true

  /// Entries by path.
  var byPath: [MirrorPath: LocalEntry] { Dictionary(entries.map { ($0.path, $0) }) { first, _ in first } }

  init(_ kinds: ArtifactKinds) { self.kinds = kinds }

  /// Lists what a destination takes from a scanned mirror. The mirror's lock should be held.
  ///
  /// - Parameter holding: paths to hold: at and below them, the other side is left as it is.
  /// - Throws: if a directory that was scanned can no longer be read.
  init(
    _ mirror: Mirror, for destination: PublishDestination, _ rotation: RotationSettings,
    holding: [MirrorPath] = []
  ) throws(MirrorError) {
    kinds = mirror.kinds
    let anchor = try AnchoredDirectory(root: mirror.root)
    layout = mirror.layout
    held = Set(mirror.bystanderFolders.map(\.path) + holding)
    let unclear = Set(mirror.faults.map(\.path))
    isWhole = !unclear.contains(.root)
    held.formUnion(unclear.subtracting([.root]))
    // The other side may still have an intact copy.
    for folder in mirror.folders {
      let damaged = Set(folder.tarballs.filter(\.isDamaged).map(\.name))
      guard !damaged.isEmpty else { continue }
      let beside = folder.sidecars.filter { damaged.contains($0.tarball) }.map(\.name)
      held.formUnion((damaged + beside).map { folder.path.appending($0) })
    }
    let isAll = destination.scope == .all
    let hasPages = isAll && !destination.isStaged
    if hasPages { try addRoot(anchor) }
    for build in mirror.builds {
      let subarches = build.arches.flatMap(\.subarches).filter { isAll || rotation.isManaged($0) }
      if let snapshots = build.snapshots, isAll || !subarches.isEmpty {
        noteWithdrawals(in: snapshots)
        try add(snapshots.path, anchor, depth: 0) { _ in .payload }
      }
      if hasPages {
        for folder in [build.folder] + build.arches.map(\.folder) {
          try add(folder.path, anchor, depth: 0, role: Self.role)
        }
      }
      for subarch in subarches { try add(subarch, anchor, destination) }
    }
    if hasPages { try addPackages(mirror, anchor) }
    dropHeld()
    // The trace of this server is written by publishing.
    entries.removeAll { $0.path == TraceFile.path(of: destination.server) }
    exclude(destination)
    resolveLinks(in: mirror)
    entries.sort { $0.path < $1.path }
  }

  /// Lists the files of one target, also of a version that is not complete.
  ///
  /// - Throws: if their directory cannot be read.
  init(of files: TargetFiles, in mirror: Mirror) throws(MirrorError) {
    (kinds, layout, hasVersions) = (mirror.kinds, mirror.layout, true)
    let anchor = try AnchoredDirectory(root: mirror.root)
    try add(files.directory, anchor, depth: 1) { path in
      // Metalinks are part of the index, which belongs to the master.
      files.holds(path) && !path.name.hasSuffix(".meta4") ? .payload : nil
    }
    entries.removeAll { $0.role == .link }
    entries.sort { $0.path < $1.path }
  }

  private mutating func addRoot(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    try add(.root, anchor, depth: 0) { CandidateIndex.isOne($0) ? nil : Self.role($0) }
    for (path, depth) in [("streams", 3), ("project/trace", 0)] as [(MirrorPath, Int)]
    where try anchor.holdsDirectory(path) {
      try add(path, anchor, depth: depth) { $0.name == "images.json" ? .page : .index }
    }
  }

  /// Adds the packages that a `Packages` names, and that index; a tree that cannot be read is held.
  private mutating func addPackages(
    _ mirror: Mirror, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let scanner = BinhostScanner(mirror)
    for found in try scanner.trees().trees {
      let (tree, index): (BinhostTree, PackagesIndex)
      do throws(MirrorError) {
        // Builds put packages there without the lock of the mirror.
        (tree, index) = try DirectoryLock.with(found.path, in: anchor, limit: 60, Cancellation()) {
          () throws(MirrorError) in
          guard let tree = try scanner.tree(at: found.path), let index = try tree.readIndex(anchor) else {
            throw MirrorError(
              .changed, anchor.displayed(found.path), "disappeared during publishing", remedy: "run again")
          }
          return (tree, index)
        }
      } catch {
        problems.append(
          MirrorError(
            error.code, error.subject, "\(error.problem); the packages of this tree are not published",
            remedy: error.remedy))
        held.insert(found.path)
        continue
      }
      let named = Set(index.entries.map { tree.path.joined($0.path) })
      entries += tree.files.filter { named.contains($0.path) }.map {
        LocalEntry(path: $0.path, node: ListedNode($0.status), role: .payload, identity: $0.status.identity)
      }
      for (name, status) in [
        (PackagesIndex.compressedName, tree.compressed), (PackagesIndex.fileName, tree.index),
      ] {
        guard let status else { continue }
        entries.append(
          LocalEntry(
            path: tree.path.appending(name), node: ListedNode(status), role: .index, identity: status.identity
          ))
      }
      trees.insert(tree.path)
    }
  }

  private static let indexNames =
    [PageSurvey.fileName, LatestList.fileName] + IndexFormat.allCases.compactMap(\.fileName)

  /// The role of a file outside versions; indexes are rewritten in place, other files of any size may be
  /// beside them.
  private static func role(_ path: MirrorPath) -> LocalEntry.Role {
    let name = SignatureFormat.parse(path.name)?.file ?? path.name
    guard indexNames.contains(name) || LatestList.isOne(path.parent.appending(name)) else { return .payload }
    return path.parent.bytes.isEmpty ? .index : .page
  }

  private mutating func add(
    _ subarch: Subarch, _ anchor: borrowing AnchoredDirectory, _ destination: PublishDestination
  ) throws(MirrorError) {
    subarches.insert(subarch.path)
    let hasPages = destination.scope == .all && !destination.isStaged
    try add(subarch.path, anchor, depth: 0) { hasPages ? Self.role($0) : nil }
    if destination.isStaged { try addControl(of: subarch, anchor) }
    for version in subarch.versions {
      // Of what is withdrawn, at least the notice is sent.
      guard version.isComplete || version.isWithdrawn && !version.isCandidate,
        !subarch.isBeingBuilt(version)
      else {
        held.insert(version.path)
        continue
      }
      hasVersions = true
      if version.isWithdrawn { withdrawn.insert(version.path) }
      noteWithdrawals(in: version.folder)
      let unfinished = Set(
        version.folder.tarballs.filter { version.isBeingCompressed($0) }.map(\.path))
      try add(version.path, anchor, depth: 8) { path in
        // Metalinks are part of the index, which belongs to the master.
        if unfinished.contains(path) || destination.isStaged && path.name.hasSuffix(".meta4") { return nil }
        return path == version.path.file(.status) ? .status : .payload
      }
    }
  }

  private mutating func noteWithdrawals(in folder: Folder) {
    let notices = folder.sidecars.filter { $0.kind == .withdrawal }
    withdrawn.formUnion(notices.map { folder.path.appending($0.tarball) })
  }

  /// Whether a file is withdrawn, or belongs to something that is.
  func isWithdrawn(_ path: MirrorPath) -> Bool {
    guard !withdrawn.isEmpty else { return false }
    let signed = SignatureFormat.parse(path.name)?.file ?? path.name
    let tarball = path.parent.appending(SidecarKind.parse(signed, kinds)?.tarball ?? signed)
    return withdrawn.contains(path) || withdrawn.contains(tarball)
      || path.ancestors.contains(where: withdrawn.contains)
  }

  private mutating func addControl(
    of subarch: Subarch, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    // A master must have the version that is named.
    let sent = Set(subarch.built.filter { !subarch.isBeingBuilt($0) }.map(\.name))
    var paths = subarch.control.versions.filter { sent.contains($0.value) }.keys.map {
      subarch.path.control(.version(target: MirrorPath($0)))
    }
    if subarch.control.failcount > 0 { paths.append(subarch.path.control(.failcount)) }
    for path in paths {
      guard let status = try anchor.status(at: path), status.kind == .regular
      else { continue }
      entries.append(
        LocalEntry(path: path, node: ListedNode(status), role: .control, identity: status.identity))
    }
  }

  /// Adds the files and links of a directory, and of its subdirectories down to `depth`; hidden files are
  /// skipped.
  private mutating func add(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory, depth: Int,
    role: (MirrorPath) -> LocalEntry.Role?
  ) throws(MirrorError) {
    let directory = try path.bytes.isEmpty ? anchor.duplicate() : anchor.directory(path)
    for entry in try directory.entries() where !entry.name.isHidden {
      let inner = path.appending(entry.name)
      switch entry.kind {
      case .directory where depth > 0: try add(inner, anchor, depth: depth - 1, role: role)
      case .link:
        let text = try directory.linkText(of: entry.name)
        entries.append(LocalEntry(path: inner, node: .link(text), role: .link))
      case .regular:
        guard let role = role(inner), let status = try directory.status(of: entry.name) else { continue }
        entries.append(
          LocalEntry(path: inner, node: ListedNode(status), role: role, identity: status.identity))
      default: break
      }
    }
  }

  /// Whether a path is held, or below a held path.
  func holds(_ path: MirrorPath) -> Bool {
    !held.isEmpty && (held.contains(path) || path.ancestors.contains(where: held.contains))
  }

  /// Holds everything that belongs to files that cannot be sent: their versions, or snapshots and their digests.
  mutating func hold(with paths: some Collection<MirrorPath>) {
    guard !paths.isEmpty else { return }
    held.formUnion(paths)
    held.formUnion(paths.compactMap(\.version))
    let snapshots = Set(paths.filter(\.place.isInSnapshots).map(described))
    if !snapshots.isEmpty {
      held.formUnion(entries.map(\.path).filter { snapshots.contains(described($0)) })
    }
    dropHeld()
  }

  /// The tarball that a file describes, or else the file itself.
  private func described(_ path: MirrorPath) -> MirrorPath {
    SidecarKind.parse(path.name, kinds).map { path.parent.appending($0.tarball) } ?? path
  }

  private mutating func dropHeld() {
    guard !held.isEmpty else { return }
    entries = entries.filter { !holds($0.path) }
  }

  private mutating func exclude(_ destination: PublishDestination) {
    let kinds = kinds
    entries.removeAll { entry in
      let exclusion = destination.exclusions.first { exclusion in
        exclusion.matches(entry.path, kinds)
          && !exclusion.spares(entry.path, isStaged: destination.isStaged)
      }
      guard let exclusion else { return false }
      excluded[entry.path] = exclusion
      return true
    }
  }

  /// Rewrites absolute links and links through parent directories as plain ones; omits links out of the
  /// mirror, and of one subarch into another.
  private mutating func resolveLinks(in mirror: Mirror) {
    let (roots, borders) = ([mirror.root.bytes, mirror.canonicalRoot], mirror.borders)
    entries = entries.compactMap { entry in
      guard case .link(let said) = entry.node else { return entry }
      guard let destination = Link.destination(of: said, in: entry.path.parent, roots: roots),
        !borders.areCrossed(by: entry.path, to: destination)
      else { return nil }
      if said.first != UInt8(ascii: "/"), Link.isPlain(said) { return entry }
      let text = Self.relative(destination, from: entry.path.parent)
      return LocalEntry(path: entry.path, node: .link(text), role: .link)
    }
  }

  private static func relative(_ path: MirrorPath, from folder: MirrorPath) -> [UInt8] {
    var (here, there) = (folder.components[...], path.components[...])
    while let step = here.first, step == there.first {
      here = here.dropFirst()
      there = there.dropFirst()
    }
    let steps = here.map { _ in Array("..".utf8) } + there.map(\.bytes)
    return steps.isEmpty ? Array(".".utf8) : Array(steps.joined(separator: [UInt8(ascii: "/")]))
  }
}

extension AnchoredDirectory {
  /// Whether a path is a directory that is not reached through a link.
  fileprivate func holdsDirectory(_ path: MirrorPath) throws(MirrorError) -> Bool {
    do throws(MirrorError) {
      _ = try directory(path)
      return true
    } catch {
      switch error.code {
      case .system(.noSuchFileOrDirectory), .system(.notDirectory), .system(.tooManySymbolicLinkLevels):
        return false
      default: throw error
      }
    }
  }
}
