import ArgumentParser
import Glibc
import MirrorTools
import SystemPackage

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("The mirror's root (default: $MIRRORCTL_MIRROR).", valueName: "dir"),
    completion: .directory)
  var mirror: String?

  @Flag(name: .long, help: "Print machine-readable JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print results only where something is wrong.")
  var quiet = false

  func root(_ context: CommandContext) throws -> FilePath {
    guard let text = mirror ?? context.environment["MIRRORCTL_MIRROR"], !text.isEmpty else {
      throw ValidationError("No mirror is given. Use --mirror DIR or set MIRRORCTL_MIRROR.")
    }
    let path = FilePath(text)
    return (path.isAbsolute ? path : currentDirectory().pushing(path)).lexicallyNormalized()
  }
}

private func currentDirectory() -> FilePath {
  guard let path = getcwd(nil, 0) else { return "." }
  defer { free(path) }
  return FilePath(platformString: path)
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
  @Option(name: .shortAndLong, help: ArgumentHelp("Threads (default: one a processor).", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs wants a number from 1 to 1024.") }
  }
}
