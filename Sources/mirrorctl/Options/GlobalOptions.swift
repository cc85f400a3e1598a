import LinuxSystem
import ArgumentParser
import SystemPackage

/// Options of every verb that works on a mirror.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Root of the mirror (default: $MIRRORCTL_MIRROR, then path/mirror of the configuration).",
      valueName: "dir"),
    completion: .directory)
  var mirror: String?

  @OptionGroup var configuration: ConfigurationOptions

  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only if something is wrong.")
  var quiet = false

  @OptionGroup var verbosity: VerbosityOptions

  /// The mirror's root, from the command line, the environment or the configuration.
  func root(_ context: CommandContext, _ configured: FilePath?) throws -> FilePath {
    if let mirror, !mirror.isEmpty { return FilePath(mirror).absolute }
    guard let configured = context.mirror ?? configured else {
      throw ValidationError(
        "No mirror given. Use --mirror DIR, set MIRRORCTL_MIRROR, or set path/mirror in the configuration."
      )
    }
    return configured
  }

  /// Prints the verb's report.
  func renderer(_ context: CommandContext) -> Renderer {
    context.log(verbosity.verbose)
    return Renderer(context: context, json: json, quiet: quiet)
  }
}

/// How much a verb logs.
struct VerbosityOptions: ParsableArguments {
  @Flag(
    name: .shortAndLong,
    help: "Log actions to standard error; given twice, also log each decision on a file and its reason.")
  var verbose: Int
}

extension FilePath {
  /// The path of the running program, with symbolic links resolved.
  static var ofThisProgram: FilePath { OwnProgram.path.canonical }

  /// The absolute path, resolved from the current directory, without `.` and `..`.
  var absolute: FilePath {
    guard isRelative, let current = FilePath.current else { return normalized }
    return current.pushing(self).normalized
  }
}

/// Options of the verbs that write to the mirror.
struct LockOptions: ParsableArguments {
  @Option(
    in: 0...1_000_000,
    help: ArgumentHelp("Wait up to this many seconds for another run (default: 0).", valueName: "seconds"))
  var lockWait = 0
}

/// Options of the verbs that read tarballs.
struct JobOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long], in: 1...1024,
    help: ArgumentHelp("Number of threads (default: one per CPU).", valueName: "n"))
  var jobs: Int?
}
