import LinuxSystem
import Hashing
import ArgumentParser
import MirrorTools

struct ReceiveCommand: ToldVerb {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Move what build servers uploaded into the mirror.",
    discussion: """
      For a master that build servers publish to. An upload is received once it is complete; every file is \
      hashed again before any of it moves. What a server may not upload is left out and reported, see \
      [section receive/SERVER] in mirrorctl.conf(5). An incomplete upload is kept and can be resumed.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Argument(help: "Servers whose uploads to receive (default: all).")
  var servers: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let session = try MirrorSession(global, context, verb: "receive", lock: lock, event: event)
    let result = try session.receive(servers, HashingOptions(), isStep: false)
    event.report = result.report
    return result.step.status
  }
}

extension MirrorSession {
  func receiver(_ hashing: HashingOptions) throws -> Receiver {
    Receiver(
      root, try configuration.layout(), configuration.rotation, configuration.receiving,
      try digestRun(hashing), probe: context.probe)
  }

  /// Receives uploads, of these servers or of all.
  ///
  /// - Parameter hashing: how they are read.
  func receive(
    _ servers: [String], _ hashing: HashingOptions, isStep: Bool
  ) throws -> (step: StepResult, report: any Encodable) {
    let receiver = try receiver(hashing)
    var lines: [String] = []
    func say(_ line: String) {
      lines.append(line)
      if !isStep && !options.json && !options.quiet { context.print(line) }
    }
    let progress = progress
    let reports = try ProgressLine.showing(progress, on: context, unless: options.quiet) {
      try receiver.receive(servers) { report in
        for problem in report.problems { tell(problem) }
        guard report.files > 0 else { return }
        say(
          "\(report.server): \(counted(report.files, "file", "files")) received, \(humanBytes(report.bytes))")
      }
    }
    let problems = reports.flatMap(\.problems)
    let unknown = Set(servers).subtracting(reports.map(\.server)).sorted()
    for server in unknown { say("\(server): nothing of it waits in \(root)") }
    let report = ReceiveOutput(mirror: "\(root)", servers: reports.map(ReceiveOutput.Server.init))
    if options.json && !isStep { try context.print(json: report) }
    let step = StepResult(
      status: problems.isEmpty ? .done : .partial,
      summary: lines.isEmpty ? nil : lines.joined(separator: "; "))
    return (step, report)
  }
}

private struct ReceiveOutput: Encodable {
  let mirror: String
  let servers: [Server]

  struct Server: Encodable {
    let server: String
    let files: Int
    let bytes: Int64
    let subarches: [MirrorPath]
    let problems: [JSONProblem]

    init(_ report: ReceiveReport) {
      (server, files, bytes, subarches) = (report.server, report.files, report.bytes, report.subarches)
      problems = report.problems.map(JSONProblem.init)
    }
  }
}
