import ArgumentParser
import MirrorTools
import SystemPackage

struct RebuildCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Make a lost mirror again from a destination to which it was published.",
    discussion: """
      The directory of the mirror must be empty. Tarballs are accepted only if the key in the configuration, or \
      a key in the file of --key, signed them or their digests. What cannot be recovered is listed. A run that \
      was interrupted is continued by the next one.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A destination of the configuration, /PATH, rsync://HOST/MODULE/PATH or HOST:/PATH.",
      valueName: "destination"),
    completion: .names(.destination))
  var from: String

  @Option(
    name: .long, help: ArgumentHelp("Trust only the public keys in this file.", valueName: "file"),
    completion: .file())
  var key: String?

  @Flag(name: .long, help: "Without a key: accept tarballs that match their digests.")
  var unsigned = false

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.write(
      context, as: "rebuild", lock, creates: true, hashing: try reading.hashing(job, context))
    var options = RebuildRun.Options()
    options.keys = key.map { FilePath($0).absolute }
    options.acceptsUnsigned = unsigned
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) {
      try RebuildRun(run, options).apply(from: from)
    }
    return try renderer.print(report, of: run)
  }
}
