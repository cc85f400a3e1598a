import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Opens runs as the command line asks for them.
extension GlobalOptions {
  /// A run that only reads.
  ///
  /// - Parameters:
  ///   - event: what hooks hear of the run, from the moment when they are known.
  ///   - hashing: how tarballs are read.
  func read(
    _ context: CommandContext, event: RunEvent? = nil, hashing: HashingOptions = HashingOptions()
  ) throws -> MirrorRun {
    let (root, configuration) = try begin(context, event)
    return try MirrorRun(reading: root, configuration, environment(context, hashing))
  }

  /// A run that writes, holding the mirror's lock.
  ///
  /// - Parameters:
  ///   - creates: whether the directory may become a mirror.
  ///   - event: what hooks hear of the run, from the moment when they are known.
  ///   - hashing: how tarballs are read.
  func write(
    _ context: CommandContext, as verb: String, _ lock: LockOptions, creates: Bool = false,
    event: RunEvent? = nil, hashing: HashingOptions = HashingOptions()
  ) throws -> MirrorRun {
    let (root, configuration) = try begin(context, event)
    return try MirrorRun(
      writing: root, configuration, environment(context, hashing), as: verb, lockWait: lock.lockWait,
      creates: creates)
  }

  /// A run that writes, unless it is only to tell what it would do.
  func open(
    _ context: CommandContext, as verb: String, _ lock: LockOptions, isDryRun: Bool, event: RunEvent? = nil,
    hashing: HashingOptions = HashingOptions()
  ) throws -> MirrorRun {
    isDryRun
      ? try read(context, event: nil, hashing: hashing)
      : try write(context, as: verb, lock, event: event, hashing: hashing)
  }

  private func begin(
    _ context: CommandContext, _ event: RunEvent?
  ) throws -> (root: FilePath, configuration: MirrorConfiguration) {
    context.log(verbosity.verbose)
    let configuration = try MirrorConfiguration(ConfigurationFile(self.configuration.request(context)))
    let root = try root(context, configuration.mirror)
    event?.begin(configuration, root)
    return (root, configuration)
  }

  private func environment(_ context: CommandContext, _ hashing: HashingOptions) -> RunEnvironment {
    var environment = RunEnvironment(stateDirectory: context.stateDirectory)
    environment.now = context.now
    environment.probe = context.probe
    environment.cancellation = context.cancellation
    environment.hashing = hashing
    environment.problem = context.tell
    environment.result = renderer(context).print
    return environment
  }
}

extension MirrorRun {
  /// Paths of the command line, relative to the mirror's root: absolute ones, and others as they are in the mirror or
  /// below the current directory.
  func paths(_ arguments: [String]) throws(MirrorError) -> [MirrorPath] {
    let roots = [root.string, root.canonical.string].map { $0 == "/" ? "" : $0 }
    var paths: [MirrorPath] = []
    for argument in arguments { paths.append(try path(argument, roots)) }
    return paths
  }

  private func path(_ argument: String, _ roots: [String]) throws(MirrorError) -> MirrorPath {
    for candidate in [argument, FilePath(argument).canonical.string] where candidate.hasPrefix("/") {
      if let base = roots.first(where: { candidate == $0 || candidate.hasPrefix($0 + "/") }) {
        return MirrorPath(String(candidate.dropFirst(base.count)).trimmingSlashes)
      }
    }
    let relative = FilePath(argument).lexicallyNormalized()
    guard !argument.hasPrefix("/"), relative.components.first?.kind != .parentDirectory else {
      throw MirrorError(
        .invalid, argument, "is not in the mirror \(root)", remedy: "give a path in it, or another --mirror")
    }
    return MirrorPath(relative == "." ? "" : relative.string.trimmingSlashes)
  }
}

extension String {
  fileprivate var trimmingSlashes: String {
    String(drop { $0 == "/" }.reversed().drop { $0 == "/" }.reversed())
  }
}
