import ArgumentParser
import MirrorTools

struct ReceiveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Move what build servers uploaded into the mirror.",
    discussion: """
      On a master that build servers publish to. An upload counts once it is complete; every file is hashed \
      again before any of it moves. What is not complete stays and can be resumed.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "Servers whose uploads to receive (default: all).")
  var servers: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let session = try MirrorSession(global, context, verb: "receive", lock: lock)
    return try session.receive(servers, isStep: false).status
  }
}

extension MirrorSession {
  /// Receives uploads, of these servers or of all.
  func receive(_ servers: [String], isStep: Bool) throws -> StepResult {
    let run = try digestRun(HashingOptions())
    let receiver = Receiver(root, try configuration.layout(), configuration.rotation, run)
    let progress = progress
    let reports = try ProgressLine.showing(progress, on: context, unless: options.quiet) {
      try receiver.receive(servers)
    }
    let problems = reports.flatMap(\.problems)
    for problem in problems { context.message("\(problem)") }
    let lines = reports.filter { $0.files > 0 }.map { report in
      "\(report.server): \(counted(report.files, "file", "files")) received, \(humanBytes(report.bytes))"
    }
    if !isStep {
      if options.json {
        try context.print(json: ReceiveOutput(mirror: "\(root)", servers: reports))
      } else if !options.quiet {
        lines.forEach(context.print)
      }
    }
    return StepResult(
      status: problems.isEmpty ? .done : .partial,
      summary: lines.isEmpty ? nil : lines.joined(separator: "; "))
  }
}

private struct ReceiveOutput: Encodable {
  let version = 1
  let mirror: String
  let servers: [ReceiveReport]
}
