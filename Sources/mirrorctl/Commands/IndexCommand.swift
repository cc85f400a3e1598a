import ArgumentParser
import MirrorTools
import SystemPackage

struct IndexCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Write index.xml, which tells downloaders the newest of everything, and its like.",
    discussion: """
      Files are replaced whole, and only those that would say something else. Without --format the formats of \
      index/formats in the configuration are written, xml if it says nothing. Without --output they lie in the \
      mirror.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var formats: IndexOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write there instead; - for standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  func run(_ context: CommandContext) throws -> ExitStatus {
    guard let output else {
      let session = try MirrorSession(global, context, verb: "index", lock: lock)
      let result = try session.index(formats.over(session.configuration.index))
      if global.json {
        try context.print(json: IndexOutput(mirror: "\(session.root)", files: result.files))
      } else if let summary = result.step.summary, !global.quiet {
        context.print(summary)
      }
      return result.step.status
    }
    let session = try MirrorSession(global, context)
    let mirror = try session.scan()
    let source = try session.indexSource(mirror)
    let chosen = formats.over(session.configuration.index)
    guard chosen.count == 1, let format = chosen.first, format.fileName != nil else {
      throw ValidationError("--output takes one format that is one file: --format xml or --format json.")
    }
    let bytes = try format.files(source).flatMap(\.bytes)
    if output == "-" {
      context.output.write(bytes)
    } else {
      try IndexPublisher.write(bytes, to: FilePath(output))
    }
    return session.report(source.document.problems, mirror: mirror)
  }
}

/// Which indexes are written.
struct IndexOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "What to write: \(IndexFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "list"),
    transform: { try parseList($0, "format") })
  var formats: [IndexFormat] = []

  /// What is asked for, or else what the configuration says.
  func over(_ settings: IndexSettings) -> [IndexFormat] { formats.isEmpty ? settings.formats : formats }
}

private struct IndexOutput: Encodable {
  let version = 1
  let mirror: String
  let changed: Bool
  let files: [MirrorPath]

  init(mirror: String, files: [MirrorPath]) {
    self.mirror = mirror
    changed = !files.isEmpty
    self.files = files
  }
}

extension MirrorSession {
  /// Writes what is asked for, and keeps true what is there, each file after those that it names.
  func index(_ formats: [IndexFormat]) throws -> (step: StepResult, files: [MirrorPath]) {
    let mirror = try scan()
    remember(mirror)
    let source = try indexSource(mirror)
    let files = try write(source, formats)
    let obstacles = try formats.flatMap { format throws(MirrorError) in try format.obstacles(source) }
    let count = counted(source.document.subarches.count, "subarch", "subarches")
    let named = files.count == 1 ? "\(files[0])" : counted(files.count, "file", "files")
    return (
      StepResult(
        status: report(source.document.problems + obstacles, mirror: mirror),
        summary: files.isEmpty ? nil : "\(named) written, \(count)"),
      files
    )
  }

  /// Takes what is about to go out of the indexes that are there: versions, and tarballs marked for compression.
  func unlist(_ versions: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    remember(mirror)
    _ = try write(try indexSource(mirror, excluding: Set(versions)), [])
  }

  /// Lets the catalog remember how builds ended, also of versions that will be gone.
  private func remember(_ mirror: Mirror) {
    do { try catalog().note(mirror, now: context.now()) } catch { context.message("\(error)") }
  }

  func indexSource(_ mirror: Mirror, excluding: Set<MirrorPath> = []) throws(MirrorError) -> IndexSource {
    try IndexSource(
      mirror, configuration, catalog: try catalog(), excluding: excluding, today: context.today,
      now: context.now())
  }

  private func write(_ source: IndexSource, _ wanted: [IndexFormat]) throws(MirrorError) -> [MirrorPath] {
    let publisher = try IndexPublisher(root: root, try configuration.layout())
    var changed: [MirrorPath] = []
    for format in IndexFormat.allCases {
      let isPresent = try format.isPresent(in: source.mirror)
      guard isPresent || wanted.contains(format) else { continue }
      for file in try format.files(source) {
        let isNew = try publisher.publish(file)
        if isNew { changed.append(file.path) }
      }
    }
    return changed
  }
}
