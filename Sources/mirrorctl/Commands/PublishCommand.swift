import MirrorModel
import Hashing
import LinuxSystem
import ArgumentParser
import MirrorTools

struct PublishCommand: ToldVerb {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Send the mirror to other hosts, in an order that no downloader can stumble over.",
    discussion: """
      Where to is said by sections [section publish/NAME] of the configuration. Tarballs go first, then what \
      names them; what is gone here goes there last, after a grace.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Flag(name: .shortAndLong, help: "Print what would be sent and removed, and change nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Also compare the content of files that size and time call unchanged: 100%, 5%, 50G or 2/7.",
      valueName: "part"))
  var check: SubsetArgument?

  @Argument(help: "Places, as the configuration names them (default: all).")
  var names: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let session =
      dryRun
      ? try MirrorSession(global, context)
      : try MirrorSession(global, context, verb: "publish", lock: lock, event: event)
    let targets = try session.publishTargets(names)
    guard !targets.isEmpty else {
      throw MirrorError(
        .invalid, "publish", "the configuration names no place to publish to",
        remedy: "write a [section publish/NAME] with `to:`")
    }
    let part = check.map { PublishCheck.part($0.subset) } ?? .none
    if dryRun {
      let (plans, status) = try session.planPublishing(targets, part)
      if global.json { try context.print(json: plans) }
      return status
    }
    let result = try session.publish(targets, HashingOptions(), part, isStep: false)
    event.report = result.report
    return result.step.status
  }
}

extension MirrorSession {
  /// The targets of these names, or all.
  func publishTargets(_ names: [String]) throws -> [PublishTarget] {
    let all = configuration.publishing
    guard !names.isEmpty else { return all }
    return try names.map { name in
      guard let target = all.first(where: { $0.name == name }) else {
        throw MirrorError(
          .invalid, name, "is no place to publish to",
          remedy: all.isEmpty
            ? "the configuration has no [section publish/\(name)]"
            : "there are \(all.map(\.name).joined(separator: ", "))")
      }
      return target
    }
  }

  /// Publishes to targets, one after the other; what fails at one does not keep the others from theirs.
  ///
  /// - Parameters:
  ///   - hashing: how files are read whose digests are not known.
  ///   - check: what is compared by its content.
  func publish(
    _ targets: [PublishTarget], _ hashing: HashingOptions, _ check: PublishCheck, isStep: Bool
  ) throws -> (step: StepResult, report: any Encodable) {
    let mirror = try scan()
    var lines: [String] = []
    let catalog = try catalog()
    func note(_ target: PublishTarget, _ status: ExitStatus) {
      // A catalog that cannot be written loses only when this was.
      try? catalog.note(run: target.run, status: status.rawValue, at: context.now())
    }
    let outputs = try forEach(targets, mirror, hashing, check, ended: note) { target, run in
      let progress = progress
      let report = try ProgressLine.showing(progress, on: context, unless: options.quiet) {
        try run.apply()
      }
      tell(report)
      if let line = Self.line(report, tellsChecks: !isStep) {
        lines.append("\(target.name): \(line)")
        if !isStep, !options.json, !options.quiet { context.print("\(target.name): \(line)") }
      }
      return PublishOutput.Target(name: target.name, report: report)
    }
    let report = PublishOutput(mirror: "\(root)", targets: outputs)
    if options.json && !isStep { try context.print(json: report) }
    let summary = lines.isEmpty ? nil : lines.joined(separator: "; ")
    return (StepResult(status: status(outputs, mirror), summary: summary), report)
  }

  /// Prints what would be done, as text only.
  func planPublishing(
    _ targets: [PublishTarget], _ check: PublishCheck
  ) throws -> (plans: any Encodable, status: ExitStatus) {
    let mirror = try scan()
    let outputs = try forEach(targets, mirror, HashingOptions(), check, ended: { _, _ in }) { target, run in
      let (plan, report) = try run.plan()
      tell(report)
      if !options.json {
        for line in plan.lines { context.print("\(target.name): \(line)") }
      }
      return PublishOutput.Target(name: target.name, report: report, plan: plan)
    }
    return (PublishOutput(mirror: "\(root)", targets: outputs), status(outputs, mirror))
  }

  /// Takes targets one after the other, and what fails at each as its output.
  private func forEach(
    _ targets: [PublishTarget], _ mirror: Mirror, _ hashing: HashingOptions, _ check: PublishCheck,
    ended: (PublishTarget, ExitStatus) -> Void,
    _ body: (PublishTarget, PublishRun) throws -> PublishOutput.Target
  ) throws -> [PublishOutput.Target] {
    var outputs: [PublishOutput.Target] = []
    for target in targets where !context.cancellation.isCancelled {
      do {
        let run = PublishRun(mirror, to: target, configuration.rotation, try digestRun(hashing), check: check)
        outputs.append(try body(target, run))
      } catch let error as MirrorError {
        if error.code == .interrupted { throw error }
        context.message("\(error)")
        outputs.append(PublishOutput.Target(name: target.name, error: error))
      }
      if let output = outputs.last { ended(target, output.status) }
    }
    return outputs
  }

  /// That of the targets, or done in part if only some failed.
  private func status(_ outputs: [PublishOutput.Target], _ mirror: Mirror) -> ExitStatus {
    let all = outputs.map(\.status)
    let worst = all.reduce(ExitStatus.done) { $0.worse($1) }
    let isMixed = worst == .failed && all.contains(.done)
    let result = isMixed ? ExitStatus.partial : worst
    return mirror.problems.isEmpty ? result : result.worse(.partial)
  }

  /// Tells what was found amiss on either side.
  private func tell(_ report: PublishReport) {
    for problem in report.problems + report.notices { tell(problem) }
    for path in report.corruptThere {
      context.message(
        """
        publish \(report.target): \(path) there differs from what was sent, with the same size and time: \
        it is sent again; check the disk there
        """)
    }
    for path in report.corruptHere {
      context.message(
        """
        \(root)/\(path): its content is not what its digests say: it is not sent; restore it, \
        perhaps from publish \(report.target), and run `mirrorctl verify`
        """)
    }
  }

  private static func line(_ report: PublishReport, tellsChecks: Bool) -> String? {
    var parts: [String] = []
    if tellsChecks, report.compared > 0 {
      parts.append(
        "\(counted(report.compared, "file", "files")) compared, \(humanBytes(report.comparedBytes))")
    }
    if report.files > 0 {
      parts.append("\(counted(report.files, "file", "files")) sent, \(humanBytes(report.bytes))")
    }
    if report.deleted > 0 { parts.append("\(report.deleted) removed there") }
    parts += report.said
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

private struct PublishOutput: Encodable {
  struct Target: Encodable {
    let name: String
    var status = ExitStatus.done
    var report: PublishReport?
    var plan: PublishPlan?
    /// What was not done.
    var problems: [JSONProblem] = []

    init(name: String, report: PublishReport? = nil, plan: PublishPlan? = nil) {
      self.name = name
      self.plan = plan
      guard let report else { return }
      // That of a dry run says only what was found.
      if plan == nil { self.report = report }
      problems = report.problems.map(JSONProblem.init)
      if !report.problems.isEmpty { status = .partial }
      if !report.corruptThere.isEmpty || !report.corruptHere.isEmpty { status = .corrupt }
    }

    init(name: String, error: MirrorError) {
      self.name = name
      status = ExitStatus(error)
      problems = [JSONProblem(error)]
    }
  }

  let mirror: String
  let targets: [Target]
}

extension PublishPlan {
  /// What a dry run prints: a line a phase that would do something.
  fileprivate var lines: [String] {
    summary.map { phase in
      let bytes = phase.bytes > 0 ? ", \(humanBytes(phase.bytes))" : ""
      return "would \(phase.verb) \(counted(phase.count, "name", "names")) (\(phase.name))\(bytes)"
    }
  }
}
