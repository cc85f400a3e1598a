import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools

struct VerifyCommand: ToldVerb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read tarballs again and compare them with every digest beside them.",
    discussion: """
      A verdict a file: ok, changed (replaced after its digest: run digestgen), corrupt (nobody replaced it, and \
      its content differs), damaged (cut off, not decompressible or of another kind before it was digested), undigested, orphan; and where the configuration names a key, unsigned and missigned \
      (a signature is bad, or by another key). The exit status is 4 when something is corrupt, 3 when something \
      is anything but ok or cannot be read.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Read a part: 5% or 50G of all bytes, least recently verified first, or the 2nd of 7 parts as 2/7.",
      valueName: "part"))
  var subset: SubsetArgument?

  @Flag(
    name: .long, help: "Also decompress each tarball that is read, to find damage older than its digests.")
  var check = false

  @Argument(help: "Tarballs or directories to limit the work to.", completion: .file())
  var paths: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let hashing = try reading.hashing(job, context)
    let session = try MirrorSession(global, context, event: event)
    let mirror = try session.scan()
    let paths = try session.mirrorPaths(paths)
    for path in paths where !mirror.holds(path) {
      throw MirrorError(.invalid, mirror.displayed(path), "is not in the mirror", remedy: "check the path")
    }
    let run = try session.digestRun(hashing)
    let isForgetful = try session.catalog().isTemporary && subset?.subset.needsMemory == true
    let verifier = Verifier(run)
    var report: VerifyReport = try ProgressLine.showing(session.progress, on: context, unless: global.quiet) {
      try verifier.verify(mirror, subset: subset?.subset ?? .all, paths: paths, decodes: check) { finding in
        render(finding, mirror, context)
      }
    }
    if isForgetful { report.add(.forgetfulSubset) }
    for problem in report.problems { context.message("\(problem)") }
    event.report = VerifyOutput(mirror: "\(mirror.root)", report: report)
    try summarize(report, mirror, context)
    if report.count(.corrupt) > 0 { return .corrupt }
    let isClean = report.findings.allSatisfy { $0.verdict == .ok }
    return isClean && report.problems.isEmpty && mirror.problems.isEmpty ? .done : .partial
  }

  private func render(_ finding: VerifyReport.Finding, _ mirror: Mirror, _ context: CommandContext) {
    guard !global.json, !(global.quiet && finding.verdict == .ok) else { return }
    let verdict = finding.verdict.rawValue
    let padding = String(repeating: " ", count: 10 - verdict.count)
    let detail = finding.detail.map { " (\($0))" } ?? ""
    context.print("\(verdict)\(padding) \(mirror.displayed(finding.path))\(detail)")
  }

  private func summarize(_ report: VerifyReport, _ mirror: Mirror, _ context: CommandContext) throws {
    if global.json { return try context.print(json: VerifyOutput(mirror: "\(mirror.root)", report: report)) }
    guard !global.quiet else { return }
    let counts = VerifyReport.Verdict.allCases.compactMap { verdict in
      report.count(verdict) > 0 ? "\(report.count(verdict)) \(verdict.rawValue)" : nil
    }
    let rest = report.left > 0 ? "; \(report.left) left for another run" : ""
    let summary = counts.isEmpty ? "nothing to verify" : counts.joined(separator: ", ")
    context.print(
      "\(summary); read \(counted(report.read.files, "file", "files")), \(humanBytes(report.read.bytes))\(rest)"
    )
  }
}

private struct VerifyOutput: Encodable {
  let mirror: String
  let findings: [VerifyReport.Finding]
  let problems: [JSONProblem]
  let filesRead: Int
  let bytesRead: Int64
  let filesLeft: Int

  init(mirror: String, report: VerifyReport) {
    self.mirror = mirror
    findings = report.findings
    problems = report.problems.map(JSONProblem.init)
    filesRead = report.read.files
    bytesRead = report.read.bytes
    filesLeft = report.left
  }
}
