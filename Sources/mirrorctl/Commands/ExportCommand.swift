import MirrorTools
import LinuxSystem
import StageBuilder
import StageTrees
import MirrorModel
import ArgumentParser
import SystemPackage

struct ExportCommand: RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Make an image from a stage.",
    discussion: """
      Writes an OCI image for containers, as a tar archive of an image layout, from a stage tarball or a \
      directory. The same stage and options give the same bytes. The image appears under its name only once it \
      is complete and written to disk. Format ec2 sends a disk to Amazon EC2 instead, and writes a record of \
      the images there.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Format of the image: \(ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")) (default: from its name).",
      valueName: "format"))
  var to: ExportFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Use the settings in [section export/NAME] of the configuration (default: the format).",
      valueName: "name"),
    completion: .names(.export))
  var with: String?

  @Option(
    name: .long, of: SettingArgument.self,
    help: ArgumentHelp(
      "Set a setting of the section; repeatable. See mirrorctl.conf(5).", valueName: "setting=value"))
  var set: [SettingArgument] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Time of the image (default: $SOURCE_DATE_EPOCH, then the time of the stage).", valueName: "seconds"))
  var epoch: Int64?

  @Flag(
    name: .long,
    help: "Remove what the image, or an interrupted export of it, lists elsewhere; write nothing.")
  var abandon = false

  @Argument(help: "The stage tarball, or a directory.", completion: .file())
  var stage: String

  @Argument(
    help: "The image to write, or docker://HOST/NAME:TAG to push it to a container registry.",
    completion: .file())
  var image: String

  func validate() throws {
    guard !isPush || to ?? .oci == .oci else {
      throw ValidationError("\(image): only images of format oci can be pushed to a registry.")
    }
    guard with != nil || format != nil else {
      throw ValidationError("\(image): the format is unknown from this name. Use --to.")
    }
  }

  var needsRoot: Bool { !abandon && format?.unpacks(FilePath(stage)) ?? true }

  private var isPush: Bool { image.hasPrefix("docker://") }

  /// That of the command line; nil if it is in the configuration.
  private var format: ExportFormat? { to ?? (isPush ? .oci : ExportFormat(ofName: image)) }

  /// Where the image is made; one that is pushed, in the directory for temporary files.
  private func target(_ context: CommandContext) -> FilePath {
    guard isPush else { return FilePath(image).absolute }
    let name = "mirrorctl-push-\(String(stableHash(image.utf8), radix: 16))"
    return FilePath(context.environment["TMPDIR"] ?? "/tmp").absolute.appending(name)
  }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let (section, signing, trial) = try section(context)
    let progress = RunProgress()
    let target = target(context)
    // The stage may be gone.
    let source = abandon ? target.removingLastComponent() : FilePath(stage).absolute
    let job = try ExportJob(
      source, to: target, epoch: epoch ?? context.sourceEpoch(),
      threads: job.jobs, ownership: .ofThisProcess(mode: 0o644), registry: isPush ? image : nil,
      cancellation: context.cancellation, progress: progress)
    let renderer = results.renderer(context)
    if abandon {
      return try renderer.print(try renderer.showing(progress) { try ExportRun(section).abandon(job) })
    }
    do {
      let run = try ExportRun(section, signing: signing, trial: trial)
      let report = try renderer.showing(progress) { try run.run(job) }
      renderer.note(report.notes)
      return try renderer.print(report)
    } catch let failure as ImageTest.Failure {
      renderer.note(failure.output.map { "| \($0)" })
      throw failure.error
    }
  }

  private func section(_ context: CommandContext) throws -> (
    ExportSection, SigningSettings?, TrialSettings
  ) {
    let format = with == nil || isPush ? format : to
    let name = with ?? format?.rawValue ?? ""
    var request = configuration.request(context)
    request.definitions = set.map { ("export/\(name)/\($0.name)", $0.value) }
    let elements = try ConfigurationFile(request).elements
    let section = try ExportSection(name, of: elements, format: format)
    return (
      section, section.format.isSigned ? try SigningSettings(elements) : nil, try TrialSettings(elements)
    )
  }
}

extension ExportFormat: ExpressibleByArgument {}

/// `setting=value`.
struct SettingArgument: DescribedArgument {
  static let valid = "SETTING=VALUE"
  let name: String
  let value: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}
