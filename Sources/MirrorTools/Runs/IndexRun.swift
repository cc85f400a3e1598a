public import LinuxSystem
import MirrorModel

/// Writes what tells downloaders the newest of everything.
public struct IndexRun {
  private let run: MirrorRun
  private let formats: [IndexFormat]

  /// - Parameter formats: what is written; what is there already is kept true besides. nil for what the configuration
  ///   says.
  public init(_ run: MirrorRun, _ formats: [IndexFormat]? = nil) {
    self.run = run
    self.formats = formats ?? run.configuration.index.formats
  }

  /// Files that would be written; metalinks, for which tarballs are read, are left out.
  public func plan() throws(MirrorError) -> [MirrorPath] {
    let mirror = try run.scan()
    let source = try source(mirror)
    try source.checkLosses()
    let publisher = try IndexPublisher(root: run.root, try run.ownership())
    var paths: [MirrorPath] = []
    for (format, isWanted) in try wanted(in: mirror) {
      for file in try format.content(source, isWanted: isWanted).files where try publisher.wouldChange(file) {
        paths.append(file.path)
      }
    }
    return paths
  }

  /// Writes what is asked for, and keeps true what is there, each file after those that it names.
  public func apply() throws(MirrorError) -> IndexReport {
    let mirror = try run.scan()
    remember(mirror)
    let source = try source(mirror)
    var report = IndexReport(mirror: "\(mirror.root)", subarches: source.document.subarches.count)
    report.problems = source.document.problems
    try write(source, in: mirror, readsTarballs: true, &report)
    return report
  }

  /// The one file of a format as it would be, and what is left out of it; nil where the format is not one file.
  public func content(
    of format: IndexFormat
  ) throws(MirrorError) -> (bytes: [UInt8], messages: [MirrorError])? {
    guard format.fileName != nil else { return nil }
    let source = try source(try run.scan())
    return (try format.content(source).files.flatMap(\.bytes), source.document.problems)
  }

  /// Takes what is about to go out of the indexes that are there: versions, and tarballs marked for compression.
  ///
  /// Metalinks stay: they go with their version, and marked tarballs have none.
  func unlist(_ versions: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    remember(mirror)
    var report = IndexReport(mirror: "\(mirror.root)", subarches: 0)
    try IndexRun(run, []).write(
      try source(mirror, excluding: Set(versions)), in: mirror, readsTarballs: false, &report)
    // What is left out is told by `apply`; what could not be written must stop what comes after.
    if let failure = report.failures.first { throw failure }
  }

  /// Lets the catalog remember how builds ended, also of versions that will be gone.
  private func remember(_ mirror: Mirror) {
    do throws(MirrorError) { try run.catalog().note(mirror, now: run.environment.now()) } catch {
      run.tell(error)
    }
  }

  private func source(
    _ mirror: Mirror, excluding: Set<MirrorPath> = []
  ) throws(MirrorError) -> IndexSource {
    try IndexSource(
      mirror, run.configuration.index, run.configuration.rotation, signer: run.configuration.signing?.key,
      catalog: try run.catalog(), excluding: excluding, today: run.environment.today,
      now: run.environment.now())
  }

  /// What is asked for and what is there, in the order of writing.
  private func wanted(in mirror: Mirror) throws(MirrorError) -> [(format: IndexFormat, isWanted: Bool)] {
    let present = try IndexFormat.present(in: mirror)
    return IndexFormat.allCases.filter { formats.contains($0) || present.contains($0) }.map {
      ($0, formats.contains($0))
    }
  }

  private func write(
    _ source: IndexSource, in mirror: Mirror, readsTarballs: Bool, _ report: inout IndexReport
  ) throws(MirrorError) {
    try source.checkLosses()
    Log.step("writing indexes of \(counted(source.document.subarches.count, "subarch", "subarches"))")
    let (ownership, environment) = (try run.ownership(), run.environment)
    let publisher = try IndexPublisher(root: run.root, ownership)
    let signatures = IndexSignatures(run.configuration.signing, cancellation: environment.cancellation)
    for (format, isWanted) in try wanted(in: mirror) {
      if format == .metalink {
        guard readsTarballs else { continue }
        let metalinks = try MetalinkRun(
          source, isWanted: isWanted, layout: ownership, hashing: environment.hashing,
          progress: environment.progress, cancellation: environment.cancellation
        ).apply()
        report.add(metalinks)
        run.noteChanges(at: metalinks.changed)
        continue
      }
      let content = try format.content(source, isWanted: isWanted)
      report.problems += content.problems
      for file in content.files {
        try environment.cancellation.check()
        do throws(MirrorError) {
          if try publisher.publish(file, format.isSigned ? signatures : nil) {
            report.files.append(file.path)
          }
        } catch {
          // One file of many hinders no other.
          if format.fileName != nil { throw error }
          report.failures.append(error)
        }
      }
    }
    report.problems += report.failures + (signatures.fault.map { [$0] } ?? [])
  }
}

/// What writing indexes did.
public struct IndexReport: MirrorReport {
  /// Where the mirror is.
  public let mirror: String
  /// Subarches that the index lists.
  let subarches: Int
  /// Files that say something else now.
  public internal(set) var files: [MirrorPath] = []
  /// What was left out, or could not be written.
  public internal(set) var problems: [MirrorError] = []
  /// What could not be written.
  var failures: [MirrorError] = []
  /// Tarballs whose content is not what their digests say.
  public internal(set) var corrupt: [MirrorPath] = []

  private enum CodingKeys: CodingKey { case mirror, changed, files }

  init(mirror: String, subarches: Int) {
    self.mirror = mirror
    self.subarches = subarches
  }

  fileprivate mutating func add(_ metalinks: MetalinkReport) {
    files += metalinks.changed
    problems += metalinks.problems
    corrupt += metalinks.corrupt
  }

  /// The summary.
  public var lines: [ReportLine] { summary.map { [ReportLine($0)] } ?? [] }

  /// What was written, and of how many subarches.
  public var summary: String? {
    guard let first = files.first else { return nil }
    let named = files.count == 1 ? "\(first)" : counted(files.count, "file", "files")
    return "\(named) written, \(counted(subarches, "subarch", "subarches"))"
  }

  /// What was left out, and corrupt tarballs.
  public var messages: [MirrorError] { problems + corrupt.map { .corrupt(displayed($0)) } }

  /// Corrupt where a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? problems.isEmpty ? .done : .partial : .corrupt }

  /// `mirror`, `changed` and `files`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(!files.isEmpty, forKey: .changed)
    try container.encode(files, forKey: .files)
  }
}
