import Hashing
import MirrorModel
import LinuxSystem
import MirrorTools
import SystemPackage

/// One run on one mirror: what the verbs share.
struct MirrorSession: ~Copyable {
  let context: CommandContext
  let root: FilePath
  let options: GlobalOptions
  let configuration: MirrorConfiguration
  let progress = RunProgress()
  private let opened = OpenedCatalog()
  private let told = ToldProblems()
  private let lock: MirrorLock?
  private let isWriter: Bool

  /// A session that only reads.
  ///
  /// - Parameter event: what hooks hear of the run, from the moment when they are known.
  init(_ options: GlobalOptions, _ context: CommandContext, event: RunEvent? = nil) throws {
    let configuration = try MirrorConfiguration(
      ConfigurationFile(options.configuration.request(context)))
    let root = try options.root(context, configuration.mirror)
    event?.begin(configuration, root)
    try MirrorMark.check(root)
    self.configuration = configuration
    self.context = context
    self.options = options
    self.root = root
    lock = nil
    isWriter = false
  }

  /// A session that writes, holding the mirror's lock until it ends.
  ///
  /// - Parameters:
  ///   - creates: whether the directory may become a mirror, which ``mark()`` makes of it.
  ///   - event: what hooks hear of the run, from the moment when they are known.
  init(
    _ options: GlobalOptions, _ context: CommandContext, verb: String, lock: LockOptions,
    creates: Bool = false, event: RunEvent? = nil
  ) throws {
    let configuration = try MirrorConfiguration(
      ConfigurationFile(options.configuration.request(context)))
    let root = try options.root(context, configuration.mirror)
    event?.begin(configuration, root)
    if !creates { try MirrorMark.check(root) }
    let held = try MirrorLock(root: root, verb: verb, wait: lock.lockWait, cancellation: context.cancellation)
    self.configuration = configuration
    self.context = context
    self.options = options
    self.root = root
    self.lock = .some(held)
    isWriter = true
  }

  /// Marks the directory as a mirror.
  func mark() throws { try MirrorMark.write(to: root, try configuration.layout()) }

  var scanner: MirrorScanner { MirrorScanner(root: root, now: context.now(), probe: context.probe) }

  /// Scans the mirror and names what could not be read; a session that writes takes away what killed runs left.
  ///
  /// What is not stored here, as the configuration has it, is left out.
  ///
  /// - Throws: ``MirrorError`` with code `refused` in a session that writes, if a build is missing.
  func scan() throws(MirrorError) -> Mirror {
    var mirror = try scanner.scan()
    if let catalog = isWriter ? try catalog() : existingCatalog {
      mirror = try PlaceCheck.apply(to: catalog.marking(mirror), catalog, isWriter: isWriter)
    }
    mirror = mirror.limited(to: configuration.rotation)
    if isWriter { mirror.sweepLeftovers(probe: context.probe) }
    for problem in mirror.problems { tell(problem) }
    return mirror
  }

  /// The catalog, if there is one: whoever only looks makes none.
  var existingCatalog: Catalog? {
    opened.catalog ?? Catalog.existing(for: root, in: context.stateDirectory)
  }

  /// The mirror's catalog, opened at its first use; what is wrong with it is told once.
  func catalog() throws(MirrorError) -> Catalog {
    if let catalog = opened.catalog { return catalog }
    let catalog = try Catalog.open(for: root, in: context.stateDirectory) { context.message("\($0)") }
    opened.catalog = catalog
    return catalog
  }

  /// The catalog, for what it alone knows; nil where this user cannot read it, which ``catalogProblems`` tells then.
  func knownCatalog() throws(MirrorError) -> Catalog? {
    if let problem = Catalog.problem(for: root, in: context.stateDirectory) {
      opened.problems.append(problem)
      return nil
    }
    let catalog = try catalog()
    guard catalog.isTemporary else { return catalog }
    opened.problems.append(
      MirrorError(
        .invalid, "catalog", "cannot be read, so what it alone knows is left out",
        remedy: "see the message above"))
    return nil
  }

  /// Why ``knownCatalog()`` gave none.
  var catalogProblems: [MirrorError] { opened.problems }

  /// A run that hashes.
  func digestRun(_ hashing: HashingOptions) throws(MirrorError) -> DigestRun {
    DigestRun(
      root: root, layout: try configuration.layout(), catalog: try catalog(), hashing: hashing,
      signing: configuration.signing, now: context.now(), progress: progress,
      cancellation: context.cancellation)
  }

  /// Paths of the command line, relative to the mirror's root: absolute ones, and others as they lie in the
  /// mirror or below the current directory.
  func mirrorPaths(_ arguments: [String]) throws -> [MirrorPath] {
    let roots = [root.string, root.canonical.string].map { $0 == "/" ? "" : $0 }
    return try arguments.map { argument in
      for candidate in [argument, FilePath(argument).canonical.string] where candidate.hasPrefix("/") {
        if let base = roots.first(where: { candidate == $0 || candidate.hasPrefix($0 + "/") }) {
          return MirrorPath(String(candidate.dropFirst(base.count)).trimmingSlashes)
        }
      }
      let relative = FilePath(argument).lexicallyNormalized()
      guard !argument.hasPrefix("/"), relative.components.first?.kind != .parentDirectory else {
        throw MirrorError(
          .invalid, argument, "is not in the mirror \(root)", remedy: "give a path in it, or another --mirror"
        )
      }
      return MirrorPath(relative == "." ? "" : relative.string.trimmingSlashes)
    }
  }

  /// Tells of a problem, once a run: its steps meet many of them again.
  func tell(_ problem: MirrorError) {
    if told.problems.insert(problem).inserted { context.message("\(problem)") }
  }

  /// Reports what is odd and makes no run incomplete, each at most once a day: cron mails what is printed.
  func warn(_ oddities: [MirrorError]) throws(MirrorError) {
    let catalog = try catalog()
    for oddity in oddities where (try? catalog.isDue("\(oddity)", at: context.now())) ?? true { tell(oddity) }
  }

  /// Tells of problems, and what they make of the exit status.
  func report(_ problems: [MirrorError], corrupt: [MirrorPath] = [], mirror: Mirror) -> ExitStatus {
    for problem in problems { tell(problem) }
    for path in corrupt {
      context.message(
        """
        \(mirror.displayed(path)): its content is not what its digests say: restore it, or bless it as it is with \
        `mirrorctl digestgen --force FILE`
        """)
    }
    if !corrupt.isEmpty { return .corrupt }
    return problems.isEmpty && mirror.problems.isEmpty ? .done : .partial
  }
}

private final class OpenedCatalog {
  var catalog: Catalog?
  var problems: [MirrorError] = []
}

private final class ToldProblems {
  var problems: Set<MirrorError> = []
}

extension String {
  fileprivate var trimmingSlashes: String {
    String(drop { $0 == "/" }.reversed().drop { $0 == "/" }.reversed())
  }
}
