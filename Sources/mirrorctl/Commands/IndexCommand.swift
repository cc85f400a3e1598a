import MirrorModel
import Hashing
import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

struct IndexCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Write index.xml, which tells downloaders the newest of everything, and its like.",
    discussion: """
      Files are replaced whole, and only those that would say something else. Without --format the formats of \
      index/formats in the configuration are written, xml if it says nothing, and those that are there. Without \
      --output they lie in the mirror. Tarballs are read only for a metalink that is not there yet.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @OptionGroup var formats: IndexOptions

  @OptionGroup var destination: OutputOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    guard destination.output != nil else {
      let hashing = try reading.hashing(job, context)
      let session = try MirrorSession(global, context, verb: "index", lock: lock)
      let result = try session.index(formats.over(session.configuration.index), hashing)
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
    let bytes = try format.content(source).files.flatMap(\.bytes)
    try destination.write(bytes, context)
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
  func index(_ formats: [IndexFormat], _ hashing: HashingOptions) throws -> (
    step: StepResult, files: [MirrorPath]
  ) {
    let mirror = try scan()
    remember(mirror)
    let source = try indexSource(mirror)
    let written = try write(source, formats, hashing)
    let count = counted(source.document.subarches.count, "subarch", "subarches")
    let files = written.files
    let named = files.count == 1 ? "\(files[0])" : counted(files.count, "file", "files")
    return (
      StepResult(
        status: report(
          source.document.problems + written.problems, corrupt: written.corrupt, mirror: mirror),
        summary: files.isEmpty ? nil : "\(named) written, \(count)"),
      files
    )
  }

  /// Index files that would be written; metalinks, for which tarballs are read, are left out.
  func plannedIndexes(_ wanted: [IndexFormat], in mirror: Mirror) throws -> [MirrorPath] {
    let source = try indexSource(mirror)
    try source.checkLosses()
    let publisher = try IndexPublisher(root: root, try configuration.layout())
    let present = try IndexFormat.present(in: mirror)
    let formats = IndexFormat.allCases.filter { wanted.contains($0) || present.contains($0) }
    let files = try formats.flatMap { try $0.content(source, isWanted: wanted.contains($0)).files }
    return try files.filter { try publisher.wouldChange($0) }.map(\.path)
  }

  /// Takes what is about to go out of the indexes that are there: versions, and tarballs marked for compression.
  ///
  /// Metalinks stay: they go with their version, and marked tarballs have none.
  func unlist(_ versions: [MirrorPath], in mirror: Mirror) throws {
    remember(mirror)
    let written = try write(try indexSource(mirror, excluding: Set(versions)), [], nil)
    // What is left out is told by `index`; what could not be written must stop what comes after.
    if let failure = written.failures.first { throw failure }
  }

  /// Lets the catalog remember how builds ended, also of versions that will be gone.
  private func remember(_ mirror: Mirror) {
    do { try catalog().note(mirror, now: context.now()) } catch { context.message("\(error)") }
  }

  func indexSource(_ mirror: Mirror, excluding: Set<MirrorPath> = []) throws(MirrorError) -> IndexSource {
    try IndexSource(
      mirror, configuration.index, configuration.rotation, signer: configuration.signing?.key,
      catalog: try catalog(), excluding: excluding, today: context.today,
      now: context.now())
  }

  /// - Parameter hashing: how tarballs are read for metalinks; without it these are left as they are.
  private func write(
    _ source: IndexSource, _ wanted: [IndexFormat], _ hashing: HashingOptions?
  ) throws -> WrittenIndexes {
    try source.checkLosses()
    let layout = try configuration.layout()
    let publisher = try IndexPublisher(root: root, layout)
    let signatures = IndexSignatures(configuration.signing, cancellation: context.cancellation)
    var written = WrittenIndexes()
    let present = try IndexFormat.present(in: source.mirror)
    for format in IndexFormat.allCases where wanted.contains(format) || present.contains(format) {
      let isWanted = wanted.contains(format)
      if format == .metalink {
        guard let hashing else { continue }
        let run = MetalinkRun(
          source, isWanted: isWanted, layout: layout, hashing: hashing, progress: progress,
          cancellation: context.cancellation)
        written.add(
          try ProgressLine.showing(progress, on: context, unless: options.quiet) { try run.apply() })
        continue
      }
      let content = try format.content(source, isWanted: isWanted)
      written.problems += content.problems
      for file in content.files {
        try context.cancellation.check()
        do throws(MirrorError) {
          let isNews = try publisher.publish(file, format.isSigned ? signatures : nil)
          written.files += isNews ? [file.path] : []
        } catch {
          // One file of many hinders no other.
          if format.fileName != nil { throw error }
          written.failures.append(error)
        }
      }
    }
    written.problems += written.failures + (signatures.fault.map { [$0] } ?? [])
    return written
  }
}

/// What writing indexes did.
private struct WrittenIndexes {
  var files: [MirrorPath] = []
  /// What was left out, or could not be written.
  var problems: [MirrorError] = []
  /// What could not be written.
  var failures: [MirrorError] = []
  var corrupt: [MirrorPath] = []

  mutating func add(_ report: MetalinkReport) {
    files += report.changed
    problems += report.problems
    corrupt += report.corrupt
  }
}
