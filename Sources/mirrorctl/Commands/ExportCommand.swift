import MirrorTools
import LinuxSystem
import StageBuilder
import StageTrees
import MirrorModel
import ArgumentParser
import SystemPackage

struct ExportCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Make an image from a stage.",
    discussion: """
      Writes an OCI image for containers, as a tar archive of an image layout, from a stage tarball or a \
      directory. The same stage and options give the same bytes. The image appears under its name only once it \
      is complete and written to disk.
      """)

  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Format of the image: oci (default: from the image's name).", valueName: "format"))
  var to: ExportFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Architecture as in Go's GOARCH, such as amd64 (default: that of the stage's programs).",
      valueName: "name"))
  var architecture: String?

  @Option(name: .long, help: ArgumentHelp("Compression of the layer: gz or zst.", valueName: "format"))
  var compression: ExportCompression = .gz

  @Option(name: .long, help: ArgumentHelp("Compression level (default: 9, for zst 19).", valueName: "n"))
  var level: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Time of the image (default: $SOURCE_DATE_EPOCH, then the time of the stage).", valueName: "seconds"))
  var epoch: Int64?

  @Option(
    name: .long,
    help: ArgumentHelp("Add a label; repeatable.", valueName: "name=value"))
  var label: [LabelArgument] = []

  @Option(name: .long, help: ArgumentHelp("Name of the image in the archive.", valueName: "name"))
  var tag = "latest"

  @Argument(help: "The stage tarball, or a directory.", completion: .file())
  var stage: String

  @Argument(help: "The image to write.", completion: .file())
  var image: String

  func validate() throws {
    guard to != nil || ExportFormat(ofName: image) != nil else {
      let suffixes = ExportFormat.allCases.map(\.suffix).joined(separator: ", ")
      throw ValidationError("\(image): its format is unknown. Use a name that ends in \(suffixes), or --to.")
    }
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (source, target) = (FilePath(stage).absolute, FilePath(image).absolute)
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    let labels = Dictionary(label.map { ($0.name, $0.value) }) { $1 }
    let options = try OCIExport.Options(
      architecture: architecture, compression: try CompressionSettings(compression.compression, level: level),
      epoch: try epoch ?? context.sourceEpoch() ?? max(0, status.identity.mtime / 1_000_000_000),
      labels: labels,
      tag: tag, threads: job.jobs ?? Workers.processors)
    let progress = RunProgress()
    progress.begin("exporting", bytes: status.kind == .regular ? status.size : 0, files: 1)
    let export = OCIExport(options, cancellation: context.cancellation) { progress.add(bytes: $0) }
    let renderer = results.renderer(context)
    let report = try renderer.showing(progress) { try export.run(source, to: target) }
    renderer.note(report.notes)
    return try renderer.print(report)
  }
}

extension ExportFormat: ExpressibleByArgument {}

/// The compression of a layer.
enum ExportCompression: String, ExpressibleByArgument, CaseIterable {
  case gz, zst

  var compression: Compression { self == .gz ? .gz : .zst }
}

/// `name=value`.
struct LabelArgument: ExpressibleByArgument {
  let name: String
  let value: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}
