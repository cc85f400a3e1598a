import MirrorModel
import Hashing
import LinuxSystem
import StageTrees
import ArgumentParser
import MirrorTools

struct CompressCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Compress the plain tarballs marked with .cme.",
    discussion: """
      The plain tarball and its marks are deleted only after the compressed file is in place, written to \
      disk and verified to contain the same bytes. The result does not depend on the number of threads.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var compression: CompressionOptions

  @OptionGroup var preview: DryRunOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let run = try global.open(
      context, as: "compress", lock, isDryRun: preview.dryRun, hashing: HashingOptions(jobs: job.jobs))
    let compress = CompressRun(run, try compression.settings(over: run.configuration))
    let (plan, renderer) = (try compress.plan(), global.renderer(context))
    guard !preview.dryRun else { return try renderer.print(plan, of: run) }
    let report = try renderer.showing(run.environment.progress) { try compress.apply(plan) }
    return try renderer.print(report, of: run)
  }
}
