import MirrorTools
import LinuxSystem
import StageTrees
import MirrorModel
import ArgumentParser
import SystemPackage

struct CaptureCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Write a directory as a tarball that depends on its content alone.",
    discussion: """
      The same tree gives the same bytes whatever the machine, the number of threads or the directory's place. \
      The tarball appears under its name whole and durable, or not at all.
      """)

  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long,
    help: ArgumentHelp("xz, zst, gz, bz2 or none (default: by the tarball's name).", valueName: "format"))
  var compression: CompressionArgument?

  @Option(name: .long, help: ArgumentHelp("How hard (default: 9, for zst 19).", valueName: "n"))
  var level: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Later modification times become this one (default: $SOURCE_DATE_EPOCH, then now).",
      valueName: "seconds"))
  var epoch: Int64?

  @Option(
    name: .long, help: ArgumentHelp("Leave out what this directory holds; repeatable.", valueName: "dir"))
  var exclude: [String] = []

  @Option(name: .long, help: ArgumentHelp("What every path begins with.", valueName: "text"))
  var prefix = "./"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Digests to print: sha256, sha512, blake2b; separated by commas (default: sha256).", valueName: "list"),
    transform: { try parseList($0, "algorithm") })
  var algorithm: [DigestAlgorithm] = [.sha256]

  @Flag(name: .long, help: "Write a list of the members' paths to TARBALL.contents.gz.")
  var contents = false

  @Argument(help: "The directory.", completion: .directory)
  var directory: String

  @Argument(help: "The tarball to write.", completion: .file())
  var tarball: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let path = FilePath(tarball).absolute
    let root = FilePath(directory).absolute
    let options = TreeCapture.Options(
      compression: compression.map(\.compression) ?? Compression(suffixOf: tarball), level: level,
      threads: job.jobs, epoch: try epoch ?? sourceEpoch(context) ?? context.now(), excluded: exclude,
      prefix: prefix, algorithms: algorithm)
    let progress = RunProgress()
    let capture = TreeCapture(options, cancellation: context.cancellation) { progress.add(bytes: $0) }
    let list = contents ? FilePath("\(path).contents.gz") : nil
    let renderer = results.renderer(context)
    let report = try capture.capture(root, to: path, contents: list)
    renderer.note(report.notes)
    return try renderer.print(CapturedTree(tarball: path, contents: list, report: report))
  }

  private func sourceEpoch(_ context: CommandContext) throws -> Int64? {
    guard let text = context.environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
    guard let seconds = Int64(text) else {
      throw ValidationError("SOURCE_DATE_EPOCH: `\(text)` is no number of seconds.")
    }
    return seconds
  }
}
