import LinuxSystem
import Hashing
import MirrorModel
import ArgumentParser
import MirrorTools

struct DigestgenCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "digestgen",
    abstract:
      "Make digests and signatures for new and changed tarballs, and remove those of deleted tarballs.",
    discussion: """
      Prints one line per action. A tarball whose content no longer matches its digests keeps them, is \
      reported, and makes the exit status 4; only `--force` with its path accepts it as it is. Files are \
      signed if the configuration names a key.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @OptionGroup var digests: DigestgenOptions

  @Flag(name: .long, help: "Hash and sign again even if digests and signatures exist.")
  var force = false

  @OptionGroup var preview: DryRunOptions

  @Argument(help: "Tarballs or directories to process (default: all).", completion: .names(.path))
  var paths: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(
      context, as: "digestgen", lock, isDryRun: preview.dryRun, hashing: try reading.hashing(job, context))
    var options = digests.options
    options.force = force
    options.paths = try run.paths(paths)
    let digestgen = DigestgenRun(run, options)
    let (plan, renderer) = (try digestgen.plan(), global.renderer(context))
    guard !preview.dryRun else { return try renderer.print(plan, of: run) }
    let report = try renderer.showing(run.environment.progress) { try digestgen.apply(plan) }
    return try renderer.print(report, of: run)
  }
}
