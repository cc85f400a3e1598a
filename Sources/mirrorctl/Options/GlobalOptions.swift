import LinuxSystem
import ArgumentParser
import SystemPackage

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The mirror's root (default: $MIRRORCTL_MIRROR, then path/mirror of the configuration).",
      valueName: "dir"),
    completion: .directory)
  var mirror: String?

  @OptionGroup var configuration: ConfigurationOptions

  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only where something is wrong.")
  var quiet = false

  @OptionGroup var verbosity: VerbosityOptions

  /// The mirror's root, by the command line, the environment or the configuration.
  func root(_ context: CommandContext, _ configured: FilePath?) throws -> FilePath {
    if let text = mirror ?? context.environment["MIRRORCTL_MIRROR"], !text.isEmpty {
      return FilePath(text).absolute
    }
    guard let configured else {
      throw ValidationError(
        "No mirror is given. Use --mirror DIR, set MIRRORCTL_MIRROR, or say path/mirror in the configuration."
      )
    }
    return configured
  }

  /// Prints what the verb reports.
  func renderer(_ context: CommandContext) -> Renderer {
    Renderer(context: context, json: json, quiet: quiet)
  }
}

/// How much is told of what a verb does.
struct VerbosityOptions: ParsableArguments {
  @Flag(
    name: .shortAndLong,
    help: "Tell on standard error what is done; twice: also what is decided of each file, and why.")
  var verbose: Int
}

extension FilePath {
  /// The running program's own, without links.
  static var ofThisProgram: FilePath { OwnProgram.path.canonical }

  /// Seen from the current directory, without `.` and `..`.
  var absolute: FilePath {
    guard isRelative, let current = FilePath.current else { return lexicallyNormalized() }
    return current.pushing(self).lexicallyNormalized()
  }
}

/// What the verbs that write to the mirror take.
struct LockOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Wait so long for another run to end.", valueName: "seconds"))
  var lockWait = 0

  func validate() throws {
    if lockWait < 0 { throw ValidationError("--lock-wait wants a number of seconds.") }
  }
}

/// What the verbs that read tarballs take.
struct JobOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("Threads (default: one a processor).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs wants a number from 1 to 1024.") }
  }
}
