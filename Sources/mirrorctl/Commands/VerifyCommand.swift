import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

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
    name: .long, of: SubsetArgument.self,
    help: ArgumentHelp(
      "Read a part: 5% or 50G of all bytes, least recently verified first, or 2/7, the 2nd of 7 parts.",
      valueName: "part"))
  var subset: SubsetArgument?

  @Flag(
    name: .long, help: "Also decompress each tarball, to find damage older than its digests.")
  var check = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Verify how a tarball was built, and the seeds that it was made from, instead of the mirror: a path or URL.",
      valueName: "file|url"),
    completion: .file())
  var provenance: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --provenance: trust the public keys in this file (default: signing/key).", valueName: "file"),
    completion: .file())
  var key: String?

  @Argument(help: "Tarballs or directories to process (default: all).", completion: .names(.path))
  var paths: [String] = []

  func validate() throws {
    if key != nil, provenance == nil { throw ValidationError("--key requires --provenance.") }
    guard provenance != nil else { return }
    if check || subset != nil || !paths.isEmpty {
      throw ValidationError("--provenance cannot be combined with --check, --subset or paths.")
    }
  }

  func perform(_ context: CommandContext, _ event: RunEvent) throws -> ExitStatus {
    if let provenance { return try follow(provenance, context) }
    let run = try global.read(context, event: event, hashing: try reading.hashing(job, context))
    let verify = VerifyRun(
      run, subset: subset?.subset ?? .all, paths: try run.paths(paths), decodes: check)
    let renderer = global.renderer(context)
    let report = try renderer.showing(run.environment.progress) { try verify.apply() }
    event.report = report
    return try renderer.print(report, of: run)
  }

  /// Verifies the chain of builds of one tarball, for which no mirror is needed.
  private func follow(_ tarball: String, _ context: CommandContext) throws -> ExitStatus {
    let renderer = global.renderer(context)
    let (mirror, trust) = try settings(context)
    let progress = RunProgress()
    let chain = try ProvenanceChain(
      trust, mirror: mirror, cancellation: context.cancellation, progress: progress)
    let report = try renderer.showing(progress) {
      progress.begin("verifying provenance", bytes: 0, files: 0)
      defer { progress.end() }
      return try chain.verify(tarball, current: FilePath.current ?? "/")
    }
    return try renderer.print(report)
  }

  /// The mirror, if one is known, and the keys that are trusted.
  private func settings(_ context: CommandContext) throws -> (FilePath?, ProvenanceChain.Trust) {
    let named = global.mirror.map { FilePath($0).absolute }
    if let key {
      let configuration = try? MirrorConfiguration(ConfigurationFile(global.configuration.request(context)))
      return (named ?? configuration?.mirror, .file(FilePath(key).absolute, option: "--key"))
    }
    let configuration = try MirrorConfiguration(ConfigurationFile(global.configuration.request(context)))
    guard let signing = configuration.signing else {
      throw MirrorError(
        .invalid, "signing/key", "is not set, so no signature can be checked",
        remedy: "set it, or give the public key with --key")
    }
    return (named ?? configuration.mirror, .settings(signing))
  }
}
