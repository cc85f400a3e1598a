public import LinuxSystem
public import MirrorModel
public import SystemPackage

/// One run on one mirror: its root, settings, lock, catalog, and the scanned mirror.
///
/// Use cases such as ``CleanRun`` work in a run. The mirror is scanned once; changed places are scanned again
/// by the next use case that needs them. A run is used by one thread.
public final class MirrorRun {
  /// Root of the mirror.
  public let root: FilePath
  /// The configuration of the mirror.
  public let configuration: MirrorConfiguration
  /// Clock, processes, state directory and output of the run.
  public let environment: RunEnvironment
  /// Whether the run may write.
  let isWriter: Bool
  /// Why ``knownCatalog()`` returned nil.
  public private(set) var catalogProblems: [MirrorError] = []
  /// The verb of the run, for the journal; nil in a run that only reads.
  let verb: String?
  private let lock: MirrorLock?
  private var opened: Catalog?
  /// Whether an existing catalog was looked for.
  private var isCatalogSought = false
  private var scanned: Mirror?
  private var changed: Changes = .some([])

  /// The result of the last scan, before the catalog and the configuration are applied.
  private var found: Mirror?

  private enum Changes {
    case some(Set<MirrorPath>)
    case all
  }

  /// Owner and mode of new files.
  ///
  /// - Throws: if the owner or group in the configuration is unknown to the system.
  func ownership() throws(MirrorError) -> OwnershipRules { try configuration.ownershipRules() }

  /// Creates a run that only reads, and takes no lock.
  ///
  /// - Throws: ``MirrorError`` if the directory is not a mirror.
  public init(
    reading root: FilePath, _ configuration: MirrorConfiguration, _ environment: RunEnvironment
  ) throws(MirrorError) {
    try MirrorMark.checkWhole(root, configuration.kinds)
    self.root = root
    self.configuration = configuration
    self.environment = environment
    lock = nil
    verb = nil
    isWriter = false
  }

  /// Creates a run that writes, and holds the lock of the mirror as long as it exists.
  ///
  /// - Parameters:
  ///   - name: the name that other runs see: `clean`.
  ///   - lockWait: seconds to wait for another run.
  ///   - creates: whether the directory may become a mirror, by ``mark()``.
  /// - Throws: ``MirrorError`` with code `busy` if another run holds the lock.
  public init(
    writing root: FilePath, _ configuration: MirrorConfiguration, _ environment: RunEnvironment,
    as name: String, lockWait: Int = 0, creates: Bool = false
  ) throws(MirrorError) {
    if name != RebuildRun.verb { try RebuildMark.check(try AnchoredDirectory(root: root)) }
    if !creates { try MirrorMark.check(root, configuration.kinds) }
    let held = try MirrorLock(
      root: root, verb: name, wait: lockWait, cancellation: environment.cancellation,
      progress: environment.progress)
    // It may have waited for a rebuild that was killed.
    if name != RebuildRun.verb { try RebuildMark.check(try AnchoredDirectory(root: root)) }
    self.root = root
    self.configuration = configuration
    self.environment = environment
    lock = .some(held)
    verb = name
    isWriter = true
  }

  /// Marks the directory as a mirror.
  public func mark() throws(MirrorError) { try MirrorMark.write(to: root, try ownership()) }

  /// Reports a problem.
  func tell(_ problem: MirrorError) { environment.problem(problem) }

  /// `partial` if the mirror could not be read completely.
  public var status: ExitStatus { (scanned?.problems.isEmpty ?? true) ? .done : .partial }
}

extension MirrorRun {
  /// Reads the mirror's directories.
  var scanner: MirrorScanner {
    MirrorScanner(
      root: root, layout: configuration.layout, kinds: configuration.kinds, now: environment.now(),
      probe: environment.probe)
  }

  /// The mirror as it is now: scanned at the first call, and after that where this run changed it. Problems
  /// are reported. A run that writes removes the leftovers of killed runs.
  ///
  /// Subarches that the configuration does not store here are left out.
  ///
  /// - Throws: ``MirrorError`` with code `refused` in a run that writes, if a build is missing.
  public func scan() throws(MirrorError) -> Mirror {
    if let scanned, case .some(let paths) = changed, paths.isEmpty { return scanned }
    let everything = try look()
    (found, changed) = (everything, .some([]))
    // If what follows fails, the next call must not return the mirror of before.
    scanned = nil
    var mirror = everything
    if let catalog = isWriter ? try catalog() : existingCatalog {
      mirror = try PlaceCheck.apply(to: catalog.marking(mirror), catalog, isWriter: isWriter)
    }
    mirror = mirror.limited(to: configuration.rotation)
    if isWriter { mirror.sweepLeftovers(probe: environment.probe) }
    scanned = mirror
    for problem in mirror.problems { tell(problem) }
    return mirror
  }

  /// Scans the mirror, or again only the places that changed since the last scan.
  private func look() throws(MirrorError) -> Mirror {
    let began = ContinuousClock.now
    if let found, case .some(let paths) = changed, let mirror = try scanner.refresh(paths, of: found) {
      Log.step(
        "scanned \(counted(paths.count, "directory", "directories")) again in \(Log.seconds(since: began))")
      return mirror
    }
    let mirror = try scanner.scan()
    Log.step(
      "scanned \(root): \(counted(mirror.subarches.count, "subarch", "subarches")), "
        + "\(counted(mirror.folders.reduce(0) { $0 + $1.tarballs.count }, "tarball", "tarballs")) "
        + "in \(Log.seconds(since: began))")
    return mirror
  }

  /// Marks the places of these paths for another scan, since the paths were written or removed.
  func noteChanges(at paths: some Sequence<MirrorPath>) {
    guard case .some(var places) = changed else { return }
    for path in paths {
      switch path.place {
      case .service, .packages: break
      case .snapshots(let build), .snapshot(_, let build):
        places.insert(MirrorPath(.snapshots(build: build)))
      case .root, .build, .arch: return noteChanges()
      case .subarch, .version, .versionFile, .control, .controlFile: places.insert(path.subarch ?? path)
      }
    }
    changed = .some(places)
  }

  /// Marks everything for another scan.
  func noteChanges() { changed = .all }
}

extension MirrorRun {
  /// The catalog if it exists; a run that only reads creates none.
  public var existingCatalog: Catalog? {
    if opened == nil, !isCatalogSought {
      isCatalogSought = true
      opened = Catalog.existing(for: root, in: environment.stateDirectory, warn: tell)
    }
    return opened
  }

  /// The catalog of the mirror, opened at its first use; a problem with it is reported once.
  public func catalog() throws(MirrorError) -> Catalog {
    if let opened { return opened }
    let catalog = try Catalog.open(for: root, in: environment.stateDirectory, warn: tell)
    opened = catalog
    return catalog
  }

  /// The catalog, for information found nowhere else; nil if this user cannot read it (see
  /// ``catalogProblems``).
  public func knownCatalog() throws(MirrorError) -> Catalog? {
    if let problem = Catalog.problem(for: root, in: environment.stateDirectory) {
      catalogProblems.append(problem)
      return nil
    }
    let catalog = try catalog()
    guard catalog.isTemporary else { return catalog }
    catalogProblems.append(
      MirrorError(
        .invalid, "catalog", "cannot be read, so its information is missing here",
        remedy: "see the message above"))
    return nil
  }
}

extension MirrorRun {
  /// Settings for reading and hashing files.
  var hasher: FileHasher {
    FileHasher(
      environment.hashing, kinds: configuration.kinds, progress: environment.progress,
      cancellation: environment.cancellation)
  }

  /// The context for making and checking digests.
  func digests() throws(MirrorError) -> DigestContext {
    DigestContext(
      root: root, layout: configuration.layout, ownership: try ownership(), catalog: try catalog(),
      hasher: hasher,
      signing: configuration.signing, now: environment.now())
  }

  /// Throws for paths that are not in the mirror.
  func check(_ paths: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: root)
    for path in paths where !mirror.holds(path) {
      if path.place.isInPackages, try anchor.status(at: path) != nil { continue }
      throw MirrorError(.invalid, mirror.displayed(path), "is not in the mirror", remedy: "check the path")
    }
  }
}
