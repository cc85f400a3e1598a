public import LinuxSystem
public import MirrorModel
public import SystemPackage

/// One run on one mirror: its root, settings, lock, catalog, and the mirror as it was found.
///
/// Use cases such as ``CleanRun`` work in a run. The mirror is scanned once; what they change is looked at again by
/// the next that needs it. A run is used by one thread.
public final class MirrorRun {
  /// Where the mirror is.
  public let root: FilePath
  /// What the configuration says of it.
  public let configuration: MirrorConfiguration
  /// What it sees of the world.
  public let environment: RunEnvironment
  /// Whether it may write.
  let isWriter: Bool
  /// Why ``knownCatalog()`` gave none.
  public private(set) var catalogProblems: [MirrorError] = []
  private let lock: MirrorLock?
  private var opened: Catalog?
  private var scanned: Mirror?
  private var changed: Changes = .some([])

  /// What was found on the disk, before the catalog and the configuration were asked.
  private var found: Mirror?

  private enum Changes {
    case some(Set<MirrorPath>)
    case all
  }

  /// Whose what it makes is.
  ///
  /// - Throws: when the system does not know the owner or group that the configuration names.
  func ownership() throws(MirrorError) -> OwnershipRules { try configuration.layout() }

  /// A run that only reads, and takes no lock.
  ///
  /// - Throws: ``MirrorError`` where the directory is not a mirror.
  public init(
    reading root: FilePath, _ configuration: MirrorConfiguration, _ environment: RunEnvironment
  ) throws(MirrorError) {
    try MirrorMark.check(root)
    self.root = root
    self.configuration = configuration
    self.environment = environment
    lock = nil
    isWriter = false
  }

  /// A run that writes, and holds the mirror's lock as long as it is there.
  ///
  /// - Parameters:
  ///   - name: what other runs are told of it: `clean`.
  ///   - lockWait: seconds to wait for another run to end.
  ///   - creates: whether the directory may become a mirror, which ``mark()`` makes of it.
  /// - Throws: ``MirrorError`` with code `busy` where another run holds the lock.
  public init(
    writing root: FilePath, _ configuration: MirrorConfiguration, _ environment: RunEnvironment,
    as name: String, lockWait: Int = 0, creates: Bool = false
  ) throws(MirrorError) {
    if !creates { try MirrorMark.check(root) }
    let held = try MirrorLock(
      root: root, verb: name, wait: lockWait, cancellation: environment.cancellation)
    self.root = root
    self.configuration = configuration
    self.environment = environment
    lock = .some(held)
    isWriter = true
  }

  /// Marks the directory as a mirror.
  public func mark() throws(MirrorError) { try MirrorMark.write(to: root, try ownership()) }

  /// Tells what is wrong.
  func tell(_ problem: MirrorError) { environment.problem(problem) }

  /// What keeps the mirror from being read whole makes any run one that was done in part.
  public var status: ExitStatus { (scanned?.problems.isEmpty ?? true) ? .done : .partial }
}

extension MirrorRun {
  /// Reads the mirror's directories.
  var scanner: MirrorScanner {
    MirrorScanner(root: root, now: environment.now(), probe: environment.probe)
  }

  /// The mirror as it is now, as far as this run changed it: scanned at the first call, and told what is wrong with it.
  /// A run that writes takes away what killed runs left.
  ///
  /// What is not stored here, as the configuration has it, is left out.
  ///
  /// - Throws: ``MirrorError`` with code `refused` in a run that writes, if a build is missing.
  public func scan() throws(MirrorError) -> Mirror {
    if let scanned, case .some(let paths) = changed, paths.isEmpty { return scanned }
    let everything = try look()
    found = everything
    changed = .some([])
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

  /// What is on the disk: what was found before, with what changed since looked at again; or all of it.
  private func look() throws(MirrorError) -> Mirror {
    let began = ContinuousClock.now
    if let found, case .some(let paths) = changed, let mirror = try scanner.refresh(paths, of: found) {
      Log.step("scanned \(paths.count) places again in \(ContinuousClock.now - began)")
      return mirror
    }
    let mirror = try scanner.scan()
    Log.step(
      "scanned \(root): \(counted(mirror.subarches.count, "subarch", "subarches")), "
        + "\(counted(mirror.folders.reduce(0) { $0 + $1.tarballs.count }, "tarball", "tarballs")) "
        + "in \(ContinuousClock.now - began)")
    return mirror
  }

  /// Has the places looked at again that hold these paths, for they were written or removed.
  func noteChanges(at paths: some Sequence<MirrorPath>) {
    guard case .some(var places) = changed else { return }
    for path in paths {
      switch path.place {
      case .service: break
      case .snapshots(let build), .snapshot(_, let build):
        places.insert(MirrorPath(.snapshots(build: build)))
      case .root, .build, .arch: return noteChanges()
      case .subarch, .version, .versionFile, .control, .controlFile: places.insert(path.subarch ?? path)
      }
    }
    changed = .some(places)
  }

  /// Has everything looked at again.
  func noteChanges() { changed = .all }
}

extension MirrorRun {
  /// The catalog, if there is one: whoever only looks makes none.
  public var existingCatalog: Catalog? {
    if opened == nil { opened = Catalog.existing(for: root, in: environment.stateDirectory) }
    return opened
  }

  /// The mirror's catalog, opened at its first use; what is wrong with it is told once.
  public func catalog() throws(MirrorError) -> Catalog {
    if let opened { return opened }
    let catalog = try Catalog.open(for: root, in: environment.stateDirectory, warn: tell)
    opened = catalog
    return catalog
  }

  /// The catalog, for what it alone knows; nil where this user cannot read it, which ``catalogProblems`` tells then.
  public func knownCatalog() throws(MirrorError) -> Catalog? {
    if let problem = Catalog.problem(for: root, in: environment.stateDirectory) {
      catalogProblems.append(problem)
      return nil
    }
    let catalog = try catalog()
    guard catalog.isTemporary else { return catalog }
    catalogProblems.append(
      MirrorError(
        .invalid, "catalog", "cannot be read, so what it alone knows is left out",
        remedy: "see the message above"))
    return nil
  }
}

extension MirrorRun {
  /// Reads and hashes files.
  var hasher: FileHasher {
    FileHasher(
      environment.hashing, progress: environment.progress, cancellation: environment.cancellation)
  }

  /// What making and checking digests needs.
  func digests() throws(MirrorError) -> DigestContext {
    DigestContext(
      root: root, ownership: try ownership(), catalog: try catalog(), hasher: hasher,
      signing: configuration.signing, now: environment.now())
  }

  /// Refuses paths that the mirror does not have.
  func check(_ paths: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    for path in paths where !mirror.holds(path) {
      throw MirrorError(.invalid, mirror.displayed(path), "is not in the mirror", remedy: "check the path")
    }
  }
}
