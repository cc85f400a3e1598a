public import LinuxSystem
public import SystemPackage

/// A mirror as found by one scan. It does not change and does not read the disk again.
public struct Mirror: Sendable {
  /// Its path.
  public let root: FilePath
  /// The same with links resolved, as bytes.
  package let canonicalRoot: [UInt8]
  /// The formats of its release files.
  package let kinds: ArtifactKinds
  /// Files of the root itself.
  public let folder: Folder
  /// Lines of development, by name.
  public package(set) var builds: [Build]
  /// Errors for what could not be read and was ignored.
  public var problems: [MirrorError] { faults.map(\.error) }
  /// The same, with paths.
  package var faults: [MirrorFault]
  /// The last time whose versions and snapshots count; later ones are dated in the future.
  public let horizon: VersionDate
  /// Contradictions between the configuration and the mirror.
  public package(set) var oddities: [MirrorError] = []
  /// Those oddities that are names in the configuration for which nothing can be built.
  public package(set) var unknownNames: [MirrorError] = []
  /// Links in place of builds, architectures and subarches that lead out of the mirror.
  public let heldLinks: [MirrorPath]
  /// Subarches that the configuration excludes; what they refer to elsewhere is protected all the same.
  package var bystanders: [Subarch] = []
  /// Their directories, and those of excluded builds.
  package var bystanderFolders: [Folder] = []

  init(
    root: FilePath, canonicalRoot: [UInt8]? = nil, kinds: ArtifactKinds, folder: Folder, builds: [Build],
    faults: [MirrorFault] = [], horizon: VersionDate, heldLinks: [MirrorPath] = []
  ) {
    self.heldLinks = heldLinks
    self.horizon = horizon
    self.root = root
    self.kinds = kinds
    self.canonicalRoot = canonicalRoot ?? root.bytes
    self.folder = folder
    self.builds = builds
    self.faults = faults
  }

  /// Its layout.
  package var layout: MirrorLayout { folder.layout }

  /// All subarches, in path order.
  public var subarches: [Subarch] { builds.flatMap { $0.arches.flatMap(\.subarches) } }

  /// All directories that may contain tarballs or links: upper ones first, then subarch by subarch.
  ///
  /// Lazy, because a mirror may have hundreds of thousands.
  package var folders: some Sequence<Folder> {
    let upper = upperFolders
    return ([nil] + subarches.map(Optional.some)).lazy.flatMap { $0?.folders ?? upper }
  }

  /// The directories that are not in a subarch.
  package var upperFolders: [Folder] { [folder] + builds.flatMap(\.folders) }

  /// Versions and snapshots dated in the future, which nobody can want and nothing else reports.
  public var futureDates: [MirrorError] {
    let versions = subarches.flatMap(\.versions).filter(\.isFuture).map(\.path)
    let snapshots = builds.compactMap(\.snapshots).flatMap(\.tarballs).filter { tarball in
      tarball.parsedName.snapshotParts.map { $0.date > horizon } ?? false
    }.map(\.path)
    return (versions + snapshots).map { path in
      MirrorError(
        .invalid, displayed(path), "is dated in the future: it is kept, and never offered",
        remedy: "rename or remove it, or check this machine's clock")
    }
  }

  /// Files in versions that no kind of file claims, in path order.
  public var unclaimedFiles: [MirrorPath] {
    subarches.flatMap(\.folders).flatMap { folder in folder.unclaimed.map { folder.path.appending($0) } }
  }

  /// The notice for such a file.
  public func notice(unclaimed path: MirrorPath) -> MirrorError {
    MirrorError(
      .invalid, displayed(path),
      "is not a kind of file that mirrorctl knows: it gets no digests, and no index lists it",
      remedy: "add its suffix to artifacts/kinds, or remove it")
  }

  /// An error for each tarball that is known to be damaged.
  public var damagedTarballs: [MirrorError] {
    folders.flatMap(\.tarballs).compactMap { tarball in
      tarball.fault.map { .damaged(displayed(tarball.path), $0) }
    }
  }

  /// This mirror with the tarballs at these paths marked as damaged.
  package func marking(damaged: [MirrorPath: StreamFault]) -> Mirror {
    guard !damaged.isEmpty else { return self }
    var mirror = self
    let parents = Set(damaged.keys.map(\.parent))
    for r in mirror.builds.indices {
      mirror.builds[r].snapshots?.mark(damaged: damaged)
      for a in mirror.builds[r].arches.indices {
        for s in mirror.builds[r].arches[a].subarches.indices {
          mirror.builds[r].arches[a].subarches[s].mark(damaged: damaged, in: parents)
        }
      }
    }
    return mirror
  }

  /// Subarches stored here, and excluded ones.
  package var allSubarches: [Subarch] { subarches + bystanders }

  /// The absolute path of something in the mirror, escaped for display.
  public func displayed(_ path: MirrorPath) -> String { path.bytes.isEmpty ? "\(root)" : "\(root)/\(path)" }

  /// The absolute path as bytes, links in the root resolved.
  package func absolute(_ path: MirrorPath) -> [UInt8] {
    canonicalRoot + (path.bytes.isEmpty ? [] : [UInt8(ascii: "/")] + path.bytes)
  }

  /// Whether anything found by the scan has this path or is below it.
  public func holds(_ path: MirrorPath) -> Bool {
    let (parent, name) = (path.parent, path.name)
    return folders.contains { folder in
      folder.path.isWithin(path)
        || folder.path == parent && (folder.tarball(name) != nil || folder.link(name) != nil)
    }
  }

  /// This mirror with one subarch as it is now, or without it if it is gone.
  func replacing(_ path: MirrorPath, with subarch: Subarch?) -> Mirror {
    var mirror = self
    for (r, build) in builds.enumerated() {
      for (a, arch) in build.arches.enumerated() {
        guard let index = arch.subarches.firstIndex(where: { $0.path == path }) else { continue }
        let damaged = arch.subarches[index].folders.flatMap(\.damaged)
        let replacement = subarch.map { [$0.marking(damaged: damaged)] } ?? []
        mirror.builds[r].arches[a].subarches.replaceSubrange(index...index, with: replacement)
      }
    }
    return mirror
  }

  /// Parts of this mirror with one subarch each, by its path, and nothing else of its builds.
  package var parts: [MirrorPath: Mirror] {
    var (parts, empty) = ([:] as [MirrorPath: Mirror], self)
    empty.builds = []
    for build in builds {
      for arch in build.arches {
        for subarch in arch.subarches {
          let alone = Arch(name: arch.name, folder: arch.folder, subarches: [subarch])
          var part = empty
          part.builds = [Build(name: build.name, folder: build.folder, snapshots: nil, arches: [alone])]
          parts[subarch.path] = part
        }
      }
    }
    return parts
  }

  /// This mirror with some places and their faults as they are now.
  func refreshed(_ found: [MirrorPath: MirrorScanner.Found], _ faults: [MirrorFault]) -> Mirror {
    var mirror = self
    for (r, build) in builds.enumerated() {
      if let path = build.snapshots?.path, let now = found[path] {
        mirror.builds[r].snapshots = if case .snapshots(let folder) = now { folder } else { nil }
      }
      for (a, arch) in build.arches.enumerated() {
        mirror.builds[r].arches[a].subarches = arch.subarches.compactMap { subarch in
          guard let now = found[subarch.path] else { return subarch }
          if case .subarch(let subarch) = now { return subarch }
          return nil
        }
      }
    }
    mirror.faults.removeAll { fault in fault.path.lineage.contains { found[$0] != nil } }
    mirror.faults = (mirror.faults + faults).sorted { $0.error.subject < $1.error.subject }
    return mirror
  }

  /// This mirror as if a version, an artifact or a snapshot were not withdrawn.
  package func restoring(_ path: MirrorPath) -> Mirror {
    changing(path) { version in
      if version.path == path { version.isWithdrawn = false } else { version.folder.restore(path.name) }
    }
  }

  /// This mirror as if a version were not a candidate.
  package func promoting(_ path: MirrorPath) -> Mirror { changing(path) { $0.isCandidate = false } }

  private func changing(_ path: MirrorPath, _ body: (inout Version) -> Void) -> Mirror {
    var mirror = self
    for r in mirror.builds.indices {
      if mirror.builds[r].snapshots?.path == path.parent { mirror.builds[r].snapshots?.restore(path.name) }
      for a in mirror.builds[r].arches.indices {
        for s in mirror.builds[r].arches[a].subarches.indices
        where path.isWithin(mirror.builds[r].arches[a].subarches[s].path) {
          let versions = mirror.builds[r].arches[a].subarches[s].versions
          for v in versions.indices where path.isWithin(versions[v].path) {
            body(&mirror.builds[r].arches[a].subarches[s].versions[v])
            mirror.builds[r].arches[a].subarches[s].versions[v].mark(damaged: [:])
          }
        }
      }
    }
    return mirror
  }

  /// This mirror with the snapshots of one build as they are now.
  func replacing(_ path: MirrorPath, withSnapshots snapshots: Folder?) -> Mirror {
    var mirror = self
    for (index, build) in builds.enumerated() where build.snapshots?.path == path {
      var snapshots = snapshots
      let damaged = snapshots?.faults(of: build.snapshots?.damaged ?? []) ?? [:]
      snapshots?.mark(damaged: damaged)
      mirror.builds[index].snapshots = snapshots
    }
    return mirror
  }
}

/// A line of development, `funtoo-current`; Metro's *build*.
public struct Build: Sendable {
  /// The directory's name.
  public let name: FileName
  package let folder: Folder
  /// Package-tree snapshots.
  public package(set) var snapshots: Folder?
  /// Architectures, by name.
  public package(set) var arches: [Arch]

  /// Its own directories, without those of its subarches.
  package var folders: [Folder] { [folder] + (snapshots.map { [$0] } ?? []) + arches.map(\.folder) }
}

/// An architecture, `x86-64bit`.
public struct Arch: Sendable {
  /// The directory's name.
  public let name: FileName
  package let folder: Folder
  /// Subarches, by name.
  public package(set) var subarches: [Subarch]
}

/// A CPU tuning of an architecture in a build, and everything built for it.
public struct Subarch: Sendable {
  /// Relative to the mirror's root.
  public var path: MirrorPath { folder.path }
  /// The line of development.
  public let build: FileName
  /// The architecture.
  public let arch: FileName
  /// Its own name, `core2_64`.
  public let name: FileName
  /// Its names.
  package var place: SubarchPlace { SubarchPlace(build: build, arch: arch, name: name) }
  /// The contents of `.control`.
  public let control: ControlState
  /// Files beside the versions: `latest` links.
  public let folder: Folder
  /// Oldest first; those with the same date by name.
  public fileprivate(set) var versions: [Version]

  /// Complete versions that are not dated in the future, oldest first.
  public var built: [Version] { versions.filter { $0.isComplete && !$0.isFuture } }

  /// The same, with those of these tarballs that are unchanged marked as damaged.
  fileprivate func marking(damaged: [Tarball]) -> Subarch {
    var subarch = self
    var faults: [MirrorPath: StreamFault] = [:]
    for folder in folders { faults.merge(folder.faults(of: damaged)) { $1 } }
    subarch.mark(damaged: faults, in: Set(faults.keys.map(\.parent)))
    return subarch
  }

  /// Marks damaged tarballs in the versions with these paths.
  fileprivate mutating func mark(damaged: [MirrorPath: StreamFault], in paths: Set<MirrorPath>) {
    for index in versions.indices where paths.contains(versions[index].path) {
      versions[index].mark(damaged: damaged)
    }
  }

  /// Its own directory, and those of its versions.
  package var folders: [Folder] { [folder] + versions.flatMap { [$0.folder] + $0.nested } }

  /// Whether a version is being built: it has no `status` yet, and a running process holds a progress lock.
  package func isBeingBuilt(_ version: Version) -> Bool { !version.hasStatus && control.liveLock != nil }
}

/// The output of one build, a directory whose name is a date: a day or a moment.
public struct Version: Sendable {
  /// Relative to the mirror's root.
  public var path: MirrorPath { folder.path }
  /// The directory's name.
  public var name: FileName { path.name }
  /// Its date; 1980-01-01 if the name is not a date.
  public let date: VersionDate
  /// Whether the name is a date.
  public let isDated: Bool
  /// Whether the date is too far in the future to be plausible: it is kept, but never offered and never the
  /// newest.
  public let isFuture: Bool
  /// Files of the directory itself.
  public package(set) var folder: Folder
  /// Subdirectories that Metro does not use.
  package let nested: [Folder]
  /// Whether there is a `status` file.
  public let hasStatus: Bool
  /// Whether its build succeeded, as Metro judges it: there is a `status`, and it is `ok` or a stage3 exists.
  package let hasSucceeded: Bool
  /// Whether its build succeeded and something can be downloaded: a tarball other than a stage1 or stage2
  /// that is neither empty nor damaged; and it is neither withdrawn nor a candidate.
  ///
  /// Without `status` a version is in progress, as in Metro: its stage3 may be incomplete.
  public var isComplete: Bool { isSound && !isWithdrawn && !isCandidate }
  /// The same, whether it is withdrawn or a candidate or not.
  package var isSound: Bool { hasSucceeded && hasArtifact }
  /// Whether it is not offered any more: there is a `WITHDRAWN` file.
  public fileprivate(set) var isWithdrawn: Bool
  /// Whether it is not offered yet: there is a `CANDIDATE` file.
  public fileprivate(set) var isCandidate: Bool
  private(set) var hasArtifact: Bool
  /// Whether there is a `build-info.json`.
  package let hasBuildInfo: Bool
  /// The extras and optional variants that failed.
  public let failedTargets: [FileName]

  init(
    name: FileName, isFuture: Bool, folder: Folder, nested: [Folder], hasStatus: Bool,
    hasSucceeded: Bool, hasBuildInfo: Bool, failedTargets: [FileName] = [], isWithdrawn: Bool = false,
    isCandidate: Bool = false
  ) {
    (self.isWithdrawn, self.isCandidate) = (isWithdrawn, isCandidate)
    let date = VersionDate(name.bytes)
    (self.date, isDated, self.isFuture) = (date ?? .undated, date != nil, isFuture)
    (self.folder, self.nested, self.hasStatus, self.hasBuildInfo) = (folder, nested, hasStatus, hasBuildInfo)
    self.hasSucceeded = hasSucceeded
    self.failedTargets = failedTargets
    hasArtifact = false
    hasArtifact = hasSucceeded && hasDownload
  }

  /// Marks tarballs as damaged.
  mutating func mark(damaged: [MirrorPath: StreamFault]) {
    folder.mark(damaged: damaged)
    hasArtifact = hasSucceeded && hasDownload
  }

  /// Complete, with a stage1.
  public var isFull: Bool { isComplete && wasFull }

  /// Whether it was a full build, whether it is offered or not.
  package var wasFull: Bool { isSound && folder.tarballs.contains { $0.name.hasPrefix("stage1") } }

  /// Bytes of its tarballs.
  public var bytes: Int64 {
    folder.tarballs.reduce(0) { sum, tarball in
      let (total, overflow) = sum.addingReportingOverflow(tarball.status.size)
      return overflow ? .max : total
    }
  }
}
