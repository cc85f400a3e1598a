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
    let hashing = try reading.hashing(job, context)
    let session =
      dryRun
      ? try MirrorSession(global, context) : try MirrorSession(global, context, verb: "digestgen", lock: lock)
    var options = digests.options
    options.force = force
    options.paths = try session.mirrorPaths(paths)
    return try session.digestgen(options, hashing, dryRun: dryRun).status
  }
}

/// Which digests are taken, and how they are written.
struct DigestgenOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Digests to take: sha256, sha512, blake2b.", valueName: "list"),
    transform: { try parseList($0, "algorithm") })
  var algorithm: [DigestAlgorithm] = [.sha256]

  @Option(
    name: .long,
    help: ArgumentHelp("Sidecars to keep: hash.txt, sums, bsd, digests, manifest.", valueName: "list"),
    transform: { try parseList($0, "format") })
  var format: [DigestFormat] = [.hashText]

  var options: DigestOptions {
    var options = DigestOptions()
    options.algorithms = Set(algorithm)
    options.formats = Set(format)
    return options
  }
}

extension MirrorSession {
  /// Runs `digestgen`, prints what it did, and sums it up.
  func digestgen(
    _ options: DigestOptions, _ hashing: HashingOptions, dryRun: Bool, isStep: Bool = false
  ) throws -> StepResult {
    let mirror = try scan()
    let generator = DigestGenerator(try digestRun(hashing))
    let plan = try generator.plan(mirror, options)
    for path in options.paths where !mirror.holds(path) {
      throw MirrorError(.invalid, mirror.displayed(path), "is not in the mirror", remedy: "check the path")
    }
    if dryRun {
      try render(plan, mirror)
      return StepResult(status: report([], corrupt: plan.corrupt, mirror: mirror))
    }
    let report = try ProgressLine.showing(progress, on: context, unless: self.options.quiet) {
      let (context, prints) = (context, !isStep && !self.options.json && !self.options.quiet)
      return try generator.apply(plan, to: mirror) { action in
        if prints { context.print("\(action.kind.rawValue) \(mirror.displayed(action.path))") }
      }
    }
    if !isStep { try render(report, plan, mirror) }
    let status = self.report(report.problems, corrupt: report.corrupt, mirror: mirror)
    return StepResult(status: status, summary: report.summary)
  }

  func render(_ plan: DigestPlan, _ mirror: Mirror) throws {
    if options.json { return try context.print(json: DigestPlanOutput(mirror: "\(root)", plan: plan)) }
    for hash in plan.hashes {
      context.print(
        "would digest \(mirror.displayed(hash.path)) (\(hash.reason.rawValue), \(humanBytes(hash.size)))")
    }
    for known in plan.known {
      context.print(
        "would \(known.isAdoption ? "adopt the digest of" : "check") \(mirror.displayed(known.path))")
    }
    for signature in plan.signatures {
      context.print(
        "would sign \(mirror.displayed(signature.path)) (\(signature.format.rawValue), \(signature.reason.rawValue))"
      )
    }
    for removal in plan.outdated {
      context.print("would remove \(mirror.displayed(removal.path)) if what it signs has changed")
    }
    for link in plan.links {
      context.print("would \(link.isRemoval ? "remove" : "link") \(mirror.displayed(link.path))")
    }
    for removal in plan.removals { context.print("would remove \(mirror.displayed(removal.path))") }
    for skip in plan.skipped { context.print("would leave \(mirror.displayed(skip.path)): \(skip.reason)") }
    for path in plan.corrupt { context.print("would leave \(mirror.displayed(path)): it is corrupt") }
    for path in plan.damaged { context.print("would leave \(mirror.displayed(path)): it is damaged") }
  }

  /// Prints what was not printed when it was done.
  private func render(_ report: DigestReport, _ plan: DigestPlan, _ mirror: Mirror) throws {
    if options.json {
      return try context.print(json: DigestReportOutput(mirror: "\(root)", report: report, plan: plan))
    }
    guard !options.quiet else { return }
    for action in report.actions where !action.kind.isSentAtOnce {
      context.print("\(action.kind.rawValue) \(mirror.displayed(action.path))")
    }
    for skip in plan.skipped { context.print("left \(mirror.displayed(skip.path)): \(skip.reason)") }
  }
}

private struct DigestPlanOutput: Encodable {
  let mirror: String
  let plan: DigestPlan
}

private struct DigestReportOutput: Encodable {
  let mirror: String
  let actions: [DigestReport.Action]
  let skipped: [DigestPlan.Skip]
  let corrupt: [MirrorPath]
  let problems: [JSONProblem]
  let bytes: Int64

  init(mirror: String, report: DigestReport, plan: DigestPlan) {
    self.mirror = mirror
    actions = report.actions
    skipped = plan.skipped
    corrupt = report.corrupt
    problems = report.problems.map(JSONProblem.init)
    bytes = report.bytes
  }
}

extension DigestReport {
  /// One line of what was done; nil for nothing.
  fileprivate var summary: String? {
    var parts: [String] = []
    for kind in Kind.allCases {
      let count = actions.count { $0.kind == kind }
      if count > 0 {
        parts.append("\(count) \(kind.rawValue)\(kind == .digested ? " (\(humanBytes(bytes)))" : "")")
      }
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

/// `a,b` as values of an enumeration.
func parseList<Value: RawRepresentable & CaseIterable>(
  _ text: String, _ noun: String
) throws -> [Value] where Value.RawValue == String {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
    guard let value = Value(rawValue: String(word)) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("`\(word)` is no \(noun). Use some of: \(known).")
    }
    return value
  }
}
