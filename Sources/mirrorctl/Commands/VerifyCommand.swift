import LinuxSystem
import ArgumentParser
import MirrorTools

struct VerifyCommand: ReportedVerb {
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
    let run = try global.read(context, event: event, hashing: try reading.hashing(job, context))
    let verify = VerifyRun(
      run, subset: subset?.subset ?? .all, paths: try run.paths(paths), decodes: check)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) { try verify.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }
}
