import MirrorTools
import LinuxSystem
import StageTrees
import MirrorModel
import ArgumentParser
import SystemPackage

struct CaptureCommand: RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Write a directory as a reproducible tarball.",
    discussion: """
      The same tree gives the same bytes on any machine, with any number of threads and at any path. The \
      tarball appears under its name only once it is complete and written to disk.
      """)

  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long, of: CompressionArgument.self,
    help: ArgumentHelp("xz, zst, gz, bz2 or none (default: from the tarball's name).", valueName: "format"),
    completion: .list(Compression.allCases.map(\.rawValue) + ["none"]))
  var compression: CompressionArgument?

  @Option(
    in: CompressionSettings.allLevels,
    help: ArgumentHelp("Compression level (default: 9, for zst 19).", valueName: "n"))
  var level: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Replace later modification times with this one (default: $SOURCE_DATE_EPOCH, then now).",
      valueName: "seconds"))
  var epoch: Int64?

  @Option(
    name: .long,
    help: ArgumentHelp("Exclude the contents of this directory; repeatable.", valueName: "dir"))
  var exclude: [String] = []

  @Option(name: .long, help: ArgumentHelp("Prefix of every path.", valueName: "text"))
  var prefix = "./"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Digests to print, separated by commas: sha256, sha512, blake2b (default: sha256).", valueName: "list"),
    completion: .values(of: DigestAlgorithm.self),
    transform: { try parseList($0, "algorithm") })
  var algorithm: [DigestAlgorithm] = [.sha256]

  @Flag(name: .long, help: "Write a list of the members' paths to TARBALL.contents.gz.")
  var contents = false

  @Argument(help: "The directory.", completion: .directory)
  var directory: String

  @Argument(help: "The tarball to write.", completion: .file())
  var tarball: String

  func validate() throws {
    if let format = try format { try CompressionSettings.check(level, of: format, "--level") }
  }

  /// That of the command line, or of the tarball's name; nil for none.
  private var format: Compression? {
    get throws { try compression.map(\.compression) ?? Compression.ofSuffix(tarball) }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let path = FilePath(tarball).absolute
    let root = FilePath(directory).absolute
    let options = TreeCapture.Options(
      compression: try format, level: level,
      threads: job.jobs, epoch: try epoch ?? context.sourceEpoch() ?? context.now(), excluded: exclude,
      prefix: prefix, algorithms: algorithm)
    let progress = RunProgress()
    let capture = TreeCapture(options, cancellation: context.cancellation) { progress.add(bytes: $0) }
    let list = contents ? FilePath("\(path).contents.gz") : nil
    let renderer = results.renderer(context)
    let report = try capture.capture(root, to: path, contents: list)
    renderer.note(report.notes)
    return try renderer.print(CapturedTree(tarball: path, contents: list, report: report))
  }
}
