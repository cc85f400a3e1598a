import LinuxSystem
import StageTrees
import MirrorModel
import ArgumentParser
import MirrorTools

struct CompressCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Compress the plain tarballs that are marked with .cme.",
    discussion: """
      The plain tarball and its marks go only after the compressed file is in place, durable, and found to hold \
      the same bytes. The same tarball gives the same file whatever the number of threads.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var compression: CompressionOptions

  @Flag(name: .shortAndLong, help: "Print what would be compressed and write nothing.")
  var dryRun = false

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session =
      dryRun
      ? try MirrorSession(global, context) : try MirrorSession(global, context, verb: "compress", lock: lock)
    return try session.compress(
      try compression.settings(over: session.configuration), jobs: job.jobs, dryRun: dryRun
    ).status
  }
}

/// How plain tarballs are compressed.
struct CompressionOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Compress to xz, zst, gz or bz2 (default: xz).", valueName: "format"))
  var compression: Compression?

  @Option(
    name: .long, help: ArgumentHelp("How hard (default: 9, for zst 19).", valueName: "n"))
  var compressionLevel: Int?

  /// `target/compression` of the configuration, unless the command line says something else.
  func settings(over configuration: MirrorConfiguration) throws -> CompressionSettings {
    let chosen = try compression ?? configuration.chosenCompression() ?? .xz
    return try CompressionSettings(chosen, level: compressionLevel)
  }
}

extension MirrorSession {
  /// Runs `compress`, prints what it did, and sums it up.
  func compress(
    _ settings: CompressionSettings, jobs: Int?, dryRun: Bool = false, isStep: Bool = false
  ) throws -> StepResult {
    let mirror = try scan()
    let plan = CompressionPlan(of: mirror, settings: settings, now: context.now())
    if dryRun {
      try render(plan, mirror)
      return StepResult(status: report(plan.problems(in: mirror), mirror: mirror))
    }
    if !plan.items.isEmpty { try unlist([], in: mirror) }
    let compressor = Compressor(
      root: root, layout: try configuration.layout(), jobs: jobs, probe: context.probe, clock: context.now)
    progress.begin("compressing", bytes: plan.bytesToRead, files: plan.items.count)
    let (progress, cancellation) = (progress, context.cancellation)
    let result = try ProgressLine.showing(progress, on: context, unless: options.quiet) {
      let (context, prints) = (context, !isStep && !options.json && !options.quiet)
      return try compressor.apply(plan, cancellation: cancellation) { outcome in
        guard prints else { return }
        let sizes = "\(humanBytes(outcome.bytesBefore)) to \(humanBytes(outcome.bytesAfter))"
        context.print("compressed \(mirror.displayed(outcome.to)), \(sizes)")
      } progress: {
        progress.add(bytes: $0)
      }
    }
    progress.end()
    if !isStep { try render(result, plan, mirror) }
    let before = result.outcomes.reduce(0 as Int64) { $0 &+ $1.bytesBefore }
    let after = result.outcomes.reduce(0 as Int64) { $0 &+ $1.bytesAfter }
    let summary =
      result.outcomes.isEmpty
      ? nil
      : "\(counted(result.outcomes.count, "tarball", "tarballs")), \(humanBytes(before)) to \(humanBytes(after))"
    return StepResult(
      status: report(result.problems + plan.problems(in: mirror), mirror: mirror), summary: summary)
  }

  func render(_ plan: CompressionPlan, _ mirror: Mirror) throws {
    if options.json { return try context.print(json: CompressionPlanOutput(mirror: "\(root)", plan: plan)) }
    for item in plan.items {
      context.print("would compress \(mirror.displayed(item.path)) to \(item.compressedPath.name)")
    }
    for skip in plan.leftAlone where !skip.reason.isProblem {
      context.print("would leave: \(skip.error(in: mirror))")
    }
  }

  /// Prints what was not printed when it was done.
  private func render(_ result: CompressionReport, _ plan: CompressionPlan, _ mirror: Mirror) throws {
    if options.json {
      return try context.print(
        json: CompressionOutput(
          mirror: "\(root)", compressed: result.outcomes, leftAlone: plan.leftAlone,
          problems: result.problems.map(JSONProblem.init)))
    }
    guard !options.quiet else { return }
    for skip in plan.leftAlone where !skip.reason.isProblem { context.print("\(skip.error(in: mirror))") }
  }
}

extension CompressionPlan {
  /// What somebody has to mend; the rest a later run does.
  fileprivate func problems(in mirror: Mirror) -> [MirrorError] {
    leftAlone.filter(\.reason.isProblem).map { $0.error(in: mirror) }
  }
}

private struct CompressionPlanOutput: Encodable {
  let mirror: String
  let plan: CompressionPlan
}

private struct CompressionOutput: Encodable {
  let mirror: String
  let compressed: [CompressionReport.Outcome]
  let leftAlone: [CompressionPlan.LeftAlone]
  let problems: [JSONProblem]
}
