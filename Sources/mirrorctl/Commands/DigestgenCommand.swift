import LinuxSystem
import Hashing
import MirrorModel
import ArgumentParser
import MirrorTools

struct DigestgenCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "digestgen",
    abstract: "Make digests and signatures for what is new or changed, and remove those of what is gone.",
    discussion: """
      Prints a line for everything it does. A tarball whose content no longer is what its digests say keeps \
      them, is named, and makes the exit status 4; only `--force` with its own name takes it as it is. Files are signed if the configuration names a key.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @OptionGroup var digests: DigestgenOptions

  @Flag(name: .long, help: "Hash and sign again what has digests and signatures already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Print what would be done and write nothing.")
  var dryRun = false

  @Argument(help: "Tarballs or directories to limit the work to.", completion: .file())
  var paths: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(
      context, as: "digestgen", lock, isDryRun: dryRun, hashing: try reading.hashing(job, context))
    var options = digests.options
    options.force = force
    options.paths = try run.paths(paths)
    let digestgen = DigestgenRun(run, options)
    let (plan, renderer) = (try digestgen.plan(), global.renderer(context))
    guard !dryRun else { return try renderer.print(plan, of: run) }
    let report = try renderer.showing(run.environment.progress) { try digestgen.apply(plan) }
    return try renderer.print(report, of: run)
  }
}
