import LinuxSystem
import ArgumentParser
import MirrorTools

struct VerifyCommand: ReportedVerb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read tarballs and compare them with all digests beside them.",
    discussion: """
      One verdict per file: ok, changed (replaced after its digest was made: run digestgen), corrupt (not \
      replaced, but its content differs), damaged (truncated, not decompressible or of another type before \
      its digest was made), undigested, orphan; if the configuration names a key, also unsigned and \
      missigned (a signature is bad or by another key). The exit status is 4 if a file is corrupt, 3 if a \
      file has any other verdict than ok or cannot be read.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Read a part: 5% or 50G of all bytes, least recently verified first, or 2/7, the 2nd of 7 parts.",
      valueName: "part"))
  var subset: SubsetArgument?

  @Flag(
    name: .long, help: "Also decompress each tarball, to find damage older than its digests.")
  var check = false

  @Argument(help: "Tarballs or directories to process (default: all).", completion: .file())
  var paths: [String] = []

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    let run = try global.read(context, event: event, hashing: try reading.hashing(job, context))
    let verify = VerifyRun(
      run, subset: subset?.subset ?? .all, paths: try run.paths(paths), decodes: check)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) { try verify.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
