import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder
import SystemPackage

/// Opens runs with the options of the command line.
extension GlobalOptions {
  /// A run that only reads.
  ///
  /// - Parameters:
  ///   - event: receives the hooks once the configuration is read.
  ///   - hashing: how to read tarballs.
  func read(
    _ context: CommandContext, event: RunEvent? = nil, hashing: HashingOptions = HashingOptions()
  ) throws -> MirrorRun {
    let (root, configuration, file) = try begin(context, event)
    return try MirrorRun(reading: root, configuration, environment(context, hashing, file, root))
  }

  /// A run that writes, and holds the mirror's lock.
  ///
  /// - Parameters:
  ///   - creates: whether to accept a directory that is not a mirror yet.
  ///   - event: receives the hooks once the configuration is read.
  ///   - hashing: how to read tarballs.
  func write(
    _ context: CommandContext, as verb: String, _ lock: LockOptions, creates: Bool = false,
    event: RunEvent? = nil, hashing: HashingOptions = HashingOptions()
  ) throws -> MirrorRun {
    let (root, configuration, file) = try begin(context, event)
    let environment = environment(context, hashing, file, root)
    return try renderer(context).showing(environment.progress) {
      try MirrorRun(
        writing: root, configuration, environment, as: verb, lockWait: lock.lockWait, creates: creates)
    }
  }

  /// A run that writes, or only reads if it is a dry run.
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
  ) throws -> (root: FilePath, configuration: MirrorConfiguration, file: ConfigurationFile) {
    context.log(verbosity.verbose)
    let file = try ConfigurationFile(self.configuration.request(context))
    let configuration = try MirrorConfiguration(file)
    let root = try root(context, configuration.mirror)
    event?.begin(configuration, root)
    return (root, configuration, file)
  }

  private func environment(
    _ context: CommandContext, _ hashing: HashingOptions, _ file: ConfigurationFile, _ root: FilePath
  ) -> RunEnvironment {
    var environment = RunEnvironment(stateDirectory: context.stateDirectory)
    environment.now = context.now
    environment.author = context.author
    environment.probe = context.probe
    environment.cancellation = context.cancellation
    environment.hashing = hashing
    environment.hashing.mapsFiles = true
    environment.problem = context.tell
    let farm = Result { try FarmSettings(file.elements) }
    environment.farm = { Farm.openTargets(of: root, farm, context) }
    environment.result = renderer(context).print
    return environment
  }
}

extension MirrorRun {
  /// Converts arguments to paths in the mirror.
  ///
  /// An argument is absolute, or relative to the current directory or the mirror's root.
  ///
  /// - Throws: code `invalid` if a path is outside of the mirror.
  func paths(_ arguments: [String]) throws(MirrorError) -> [MirrorPath] {
    let roots = [root.string, root.canonical.string].map { $0 == "/" ? "" : $0 }
    var paths: [MirrorPath] = []
    for argument in arguments { paths.append(try path(argument, roots)) }
    return paths
  }

  /// Converts an argument to a path in the mirror.
  func path(_ argument: String) throws(MirrorError) -> MirrorPath { try paths([argument]).first ?? .root }

  private func path(_ argument: String, _ roots: [String]) throws(MirrorError) -> MirrorPath {
    for candidate in [argument, FilePath(argument).canonical.string] where candidate.hasPrefix("/") {
      if let base = roots.first(where: { candidate == $0 || candidate.hasPrefix($0 + "/") }) {
        return MirrorPath(String(candidate.dropFirst(base.count)).trimmingSlashes)
      }
    }
    let relative = FilePath(argument).normalized
    guard !argument.hasPrefix("/"), relative.components.first?.kind != .parentDirectory else {
      throw MirrorError(
        .invalid, argument, "is not in the mirror \(root)",
        remedy: "use a path inside it, or another --mirror")
    }
    return MirrorPath(relative == "." ? "" : relative.string.trimmingSlashes)
  }
}

extension String {
  fileprivate var trimmingSlashes: String {
    String(drop { $0 == "/" }.reversed().drop { $0 == "/" }.reversed())
  }
}
