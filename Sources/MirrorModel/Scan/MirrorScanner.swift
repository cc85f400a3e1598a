public import LinuxSystem
public import SystemPackage

/// Reads a mirror's directories once, several at a time.
///
/// At most two system calls per file: a directory needs an open, two reads and a close; only tarballs,
/// sidecars and links are examined one by one. What cannot be read is reported in the result and ignored.
public struct MirrorScanner: Sendable {
  private let root: FilePath
  private let layout: MirrorLayout
  private let roots: [[UInt8]]
  private let kinds: ArtifactKinds
  private let jobs: Int
  private let control: ControlDirectory
  private let horizon: VersionDate

  /// - Parameters:
  ///   - layout: the layout in the configuration.
  ///   - kinds: the formats of release files.
  ///   - jobs: number of threads that read; nil for one per CPU.
  ///   - now: seconds since the epoch.
  public init(
    root: FilePath, layout: MirrorLayout, kinds: ArtifactKinds, jobs: Int? = nil, now: Int64,
    probe: ProcessProbe = .system
  ) {
    self.root = root
    self.layout = layout
    self.kinds = kinds
    self.jobs = max(1, jobs ?? Workers.processors)
    control = ControlDirectory(probe: probe, now: now)
    horizon = .horizon(at: now)
    roots = [root.bytes, root.canonical.bytes]
  }

  /// Scans the whole mirror.
  ///
  /// - Throws: ``MirrorError`` if the root itself cannot be read.
  public func scan() throws(MirrorError) -> Mirror {
    let anchor = Shared(try AnchoredDirectory(root: root))
    let problems = ProblemList()
    let top = try Listing(anchor.value)
    var candidates: [Candidate] = []
    var builds: [(name: FileName, listing: Listing)] = []
    for name in top.directories {
      if MirrorGrammar.metro.isSharedSnapshots(name), layout.snapshotOwner != nil {
        candidates.append(Candidate(path: .root.appending(name), isSnapshots: true))
        continue
      }
      guard
        let listing = problems.catching(
          at: .root.appending(name),
          { () throws(MirrorError) in try Listing(anchor.value.directory(name))
          })
      else { continue }
      builds.append((name, listing))
    }
    var arches: [MirrorPath: [(name: FileName, listing: Listing)]] = [:]
    for build in builds {
      let path = MirrorPath.root.appending(build.name)
      for name in build.listing.directories {
        if MirrorGrammar.metro.isSnapshots(name) {
          candidates.append(Candidate(path: path.appending(name), isSnapshots: true))
          continue
        }
        guard
          let listing = problems.catching(
            at: path.appending(name),
            { () throws(MirrorError) in
              try Listing(anchor.value.directory(path.appending(name)))
            })
        else { continue }
        arches[path, default: []].append((name, listing))
        candidates += listing.directories.map {
          Candidate(path: path.appending(name).appending($0), isSnapshots: false)
        }
      }
    }
    let found = Workers.map(candidates, jobs: jobs) { candidate in
      problems.catching(at: candidate.path) { () throws(MirrorError) in
        try self.read(candidate, anchor.value, problems)
      }
        ?? .nothing
    }
    var subarches: [MirrorPath: [Subarch]] = [:]
    var snapshots: [MirrorPath: Folder] = [:]
    for (candidate, result) in zip(candidates, found) {
      switch result {
      case .subarch(let subarch): subarches[candidate.path.parent, default: []].append(subarch)
      case .snapshots(let folder): snapshots[candidate.path.parent] = folder
      case .nothing: break
      }
    }
    let rootFolder = folder(top, anchor.value, problems)
    let contents = builds.map { build in
      let path = MirrorPath.root.appending(build.name)
      return Build(
        name: build.name, folder: folder(build.listing, anchor.value, problems),
        snapshots: (layout.snapshotOwner == build.name ? snapshots[.root] : nil) ?? snapshots[path],
        arches: (arches[path] ?? []).map { arch in
          Arch(
            name: arch.name, folder: folder(arch.listing, anchor.value, problems),
            subarches: subarches[path.appending(arch.name)] ?? [])
        })
    }
    let upper = [rootFolder] + contents.flatMap { [$0.folder] + $0.arches.map(\.folder) }
    let links = upper.flatMap(\.links).filter { $0.leadsAway(kinds) && isPart($0) }.sorted {
      $0.path < $1.path
    }
    for link in links { problems.append(Self.oddity(link, in: root), at: link.path) }
    return Mirror(
      root: root, canonicalRoot: root.canonical.bytes, kinds: kinds, folder: rootFolder, builds: contents,
      faults: problems.sorted, horizon: horizon, heldLinks: links.map(\.path))
  }

  /// Whether a link out of the mirror replaces a part of it; it may if its file system is not mounted.
  private func isPart(_ link: Link) -> Bool {
    guard !link.isDead else { return true }
    guard let name = link.path.text, let behind = try? AnchoredDirectory(root: root.appending(name)) else {
      return true
    }
    return MirrorShape(of: link.path)?.fits(behind, kinds) ?? false
  }

  private static func oddity(_ link: Link, in root: FilePath) -> MirrorError {
    MirrorError(
      .invalid, "\(root)/\(link.path)",
      "is a symbolic link out of the mirror: its target is ignored, and kept at every destination",
      remedy: "mount the directory here instead (mount --bind), or remove the link")
  }

  /// A mirror with one subarch, or one build's snapshots, as they are now.
  package func rescan(_ path: MirrorPath, of mirror: Mirror) throws(MirrorError) -> Mirror {
    let anchor = try AnchoredDirectory(root: root)
    let problems = ProblemList()
    let isSnapshots = mirror.builds.contains { $0.snapshots?.path == path }
    let found = try read(Candidate(path: path, isSnapshots: isSnapshots), anchor, problems)
    // A place that was not read completely cannot be judged.
    if let problem = problems.sorted.first { throw problem.error }
    switch found {
    case .subarch(let subarch): return mirror.replacing(path, with: subarch)
    case .snapshots(let folder): return mirror.replacing(path, withSnapshots: folder)
    case .nothing: return mirror.replacing(path, with: nil)
    }
  }

  /// A mirror with these subarches and snapshot directories as they are now, several read at a time.
  ///
  /// - Returns: nil if a path is neither, so that a complete scan is needed.
  package func refresh(_ paths: Set<MirrorPath>, of mirror: Mirror) throws(MirrorError) -> Mirror? {
    let snapshots = Set(mirror.builds.compactMap(\.snapshots?.path))
    let subarches = Set(mirror.subarches.map(\.path))
    guard paths.isSubset(of: snapshots.union(subarches)) else { return nil }
    let anchor = Shared(try AnchoredDirectory(root: root))
    let problems = ProblemList()
    let found = Workers.map(Array(paths), jobs: jobs) { path in
      (
        path,
        problems.catching(at: path) { () throws(MirrorError) in
          try self.read(Candidate(path: path, isSnapshots: snapshots.contains(path)), anchor.value, problems)
        } ?? .nothing
      )
    }
    return mirror.refreshed(Dictionary(found) { $1 }, problems.sorted)
  }

  private struct Candidate: Sendable {
    let path: MirrorPath
    let isSnapshots: Bool
  }

  /// What was found in a place.
  enum Found: Sendable {
    case subarch(Subarch)
    case snapshots(Folder)
    case nothing
  }

  private func read(
    _ candidate: Candidate, _ anchor: borrowing AnchoredDirectory, _ problems: ProblemList
  ) throws(MirrorError) -> Found {
    let directory = try anchor.directory(candidate.path)
    let listing = try Listing(directory)
    if candidate.isSnapshots { return .snapshots(folder(listing, directory, problems)) }
    // No control directory and no dated one: not a subarch but something else, such as distfiles.
    let controlEntry = listing.entries.first { $0.name == ControlDirectory.name }
    let hasControl = controlEntry?.kind == .directory
    guard hasControl || listing.directories.contains(where: { VersionDate($0.bytes) != nil }) else {
      return .nothing
    }
    var state = ControlState()
    if hasControl {
      state =
        problems.catching(at: candidate.path.appending(ControlDirectory.name)) { () throws(MirrorError) in
          control.read(try directory.directory(ControlDirectory.name), report: problems.append)
        } ?? state
    } else if controlEntry != nil {
      problems.append(
        ControlDirectory.oddity(ControlDirectory.name, in: directory, isNo: "directory"),
        at: candidate.path.appending(ControlDirectory.name))
    }
    var versions: [Version] = []
    for name in listing.directories {
      if let version = problems.catching(
        at: candidate.path.appending(name),
        { () throws(MirrorError) in
          try self.version(name, in: directory, problems)
        })
      {
        versions.append(version)
      }
    }
    versions.sort { ($0.date, $0.path) < ($1.date, $1.path) }
    return .subarch(
      Subarch(
        build: candidate.path.parent.parent.name, arch: candidate.path.parent.name,
        name: candidate.path.name,
        control: state, folder: folder(listing, directory, problems), versions: versions))
  }

  private func version(
    _ name: FileName, in parent: borrowing AnchoredDirectory, _ problems: ProblemList
  ) throws(MirrorError) -> Version {
    let directory = try parent.directory(name)
    let listing = try Listing(directory)
    let date = VersionDate(name.bytes)
    var folder = folder(listing, directory, problems, inVersion: date != nil)
    folder.unclaimed.removeAll { VersionFile(MirrorPath(bytes: $0.bytes)) != nil }
    let isForeign = layout.takesForeignVersions && !listing.holds(.status) && !listing.holds(.targets)
    let hasStatus = isForeign || listing.holds(.status)
    let hasStage3 = folder.tarballs.contains { $0.name.hasPrefix("stage3") }
    let isOK: () throws(MirrorError) -> Bool = { () throws(MirrorError) in
      VersionFile.isDone(try directory.contents(of: VersionFile.status.path, limit: 4096) ?? [])
    }
    var failed: [FileName] = []
    if listing.holds(.failedTargets) {
      failed =
        problems.catching(
          at: folder.path.file(.failedTargets),
          { () throws(MirrorError) in
            VersionFile.names(
              try directory.contents(of: VersionFile.failedTargets.path, limit: 1 << 16) ?? [])
          }) ?? []
    }
    var nested: [Folder] = []
    for inner in listing.directories where inner != VersionFile.logs {
      collect(inner, of: directory, depth: 8, inVersion: date != nil, into: &nested, problems)
    }
    return Version(
      name: name, isFuture: date.map { $0 > horizon } ?? false, folder: folder,
      nested: nested, hasStatus: hasStatus,
      hasSucceeded: hasStatus
        && (hasStage3 || isForeign || problems.catching(at: folder.path.file(.status), isOK) ?? false),
      hasBuildInfo: listing.holds(.buildInfo), failedTargets: failed,
      isWithdrawn: listing.holds(.withdrawal), isCandidate: listing.holds(.candidacy))
  }

  private func collect(
    _ name: FileName, of parent: borrowing AnchoredDirectory, depth: Int, inVersion: Bool,
    into folders: inout [Folder], _ problems: ProblemList
  ) {
    do throws(MirrorError) {
      let directory = try parent.directory(name)
      let listing = try Listing(directory)
      folders.append(folder(listing, directory, problems, inVersion: inVersion))
      guard depth > 0 else { return }
      for inner in listing.directories {
        collect(
          inner, of: directory, depth: depth - 1, inVersion: inVersion, into: &folders, problems)
      }
    } catch { problems.append(error, at: parent.path.appending(name)) }
  }

  /// Examines the relevant entries of a listing; `directory` is the listed one or a parent.
  ///
  /// - Parameter inVersion: whether it is a dated version or in one, where files of no known kind matter.
  private func folder(
    _ listing: Listing, _ directory: borrowing AnchoredDirectory, _ problems: ProblemList,
    inVersion: Bool = false
  ) -> Folder {
    let relative = MirrorPath(
      bytes: Array(listing.path.bytes.dropFirst(directory.path.bytes.count).drop { $0 == UInt8(ascii: "/") }))
    guard relative.bytes.isEmpty else {
      do throws(MirrorError) {
        return folder(listing, try directory.directory(relative), problems, inVersion: inVersion)
      } catch {
        problems.append(error, at: listing.path)
        return Folder(path: listing.path, status: listing.status, layout: layout)
      }
    }
    var folder = Folder(path: listing.path, status: listing.status, layout: layout)
    for entry in listing.entries {
      do throws(MirrorError) { try add(entry, to: &folder, directory, inVersion: inVersion) } catch {
        problems.append(error, at: folder.path.appending(entry.name))
      }
    }
    folder.sort()
    return folder
  }

  private func add(
    _ entry: AnchoredDirectory.Entry, to folder: inout Folder, _ directory: borrowing AnchoredDirectory,
    inVersion: Bool
  ) throws(MirrorError) {
    let name = entry.name
    if TemporaryName.matches(name) {
      folder.leftovers.append(name)
    } else if entry.kind == .link {
      let text = try directory.linkText(of: name)
      folder.links.append(
        Link(
          path: folder.path.appending(name), text: text,
          destination: Link.destination(of: text, in: folder.path, roots: roots),
          kind: directory.kindBehind(name)))
    } else if entry.kind != .regular {
      return
    } else if let format = kinds.format(of: name) {
      guard let status = try directory.status(of: name) else { return }
      folder.tarballs.append(Tarball(name, in: folder.path, format: format, status: status))
    } else if let (kind, parsed) = SidecarKind.parse(name, kinds) {
      guard let status = try directory.status(of: name) else { return }
      // Sorted by name, a sidecar follows its tarball.
      let tarball = folder.tarballs.last.map { $0.name == parsed ? $0.name : parsed } ?? parsed
      folder.sidecars.append(Sidecar(kind: kind, tarball: tarball, identity: status.identity))
      if kind == .withdrawal { folder.withdraw(tarball) }
    } else if let mark = try CompressionMark(name, in: directory, probe: control.probe) {
      folder.marks.append(mark)
    } else if let manifest = ManifestKind(fileName: name) {
      folder.manifests.insert(ManifestKinds(manifest))
    } else if let signature = try DigestSignature(name, in: directory, kinds) {
      folder.digestSignatures.append(signature)
    } else if inVersion, !name.isHidden {
      // Hidden files do not belong to the mirror.
      folder.unclaimed.append(name)
    }
  }
}
