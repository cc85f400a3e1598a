public import LinuxSystem
import MirrorModel

/// Writes the indexes, which tell downloaders the newest versions.
public struct IndexRun {
  private let run: MirrorRun
  private let formats: [IndexFormat]

  /// - Parameter formats: which formats to write, besides updating the existing ones; nil for those in the
  ///   configuration.
  public init(_ run: MirrorRun, _ formats: [IndexFormat]? = nil) {
    self.run = run
    self.formats = formats ?? run.configuration.index.formats
  }

  /// Files that would be written, except metalinks, which require reading tarballs. Packages are not read, either.
  public func plan() throws(MirrorError) -> [MirrorPath] {
    let mirror = try run.scan()
    let source = try source(mirror)
    try source.checkLosses()
    let publisher = try IndexPublisher(root: run.root, try run.ownership())
    var paths: [MirrorPath] = []
    for (format, isWanted) in try wanted(in: mirror) {
      if format == .packages { paths += try BinhostRun(run).outdated(mirror) }
      let content = try format.content(source, isWanted: isWanted)
      for link in content.links where try publisher.wouldChange(link) { paths.append(link.path) }
      for file in content.files where try publisher.wouldChange(file) { paths.append(file.path) }
    }
    return paths
  }

  /// Writes the requested formats and updates existing ones, each file after the files that it refers to.
  public func apply() throws(MirrorError) -> IndexReport {
    let mirror = try run.scan()
    remember(mirror)
    let source = try source(mirror)
    var report = IndexReport(mirror: "\(mirror.root)", subarches: source.document.subarches.count)
    report.problems = source.document.problems
    try write(source, readsTarballs: true, &report)
    // Nothing to do, unless a run that withdrew or promoted something was killed.
    _ = try run.leaveMarked()
    return report
  }

  /// The content of a format that is a single file, and what is omitted from it; nil for other formats.
  public func content(
    of format: IndexFormat
  ) throws(MirrorError) -> (bytes: [UInt8], messages: [MirrorError])? {
    guard format.fileName != nil else { return nil }
    let source = try source(try run.scan())
    return (try format.content(source).files.flatMap(\.bytes), source.document.problems)
  }

  /// Takes versions that are about to be removed, and tarballs marked for compression, out of the existing
  /// indexes.
  ///
  /// Metalinks are kept: they are removed with their version, and marked tarballs have none.
  func unlist(_ versions: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    remember(mirror)
    var report = IndexReport(mirror: "\(mirror.root)", subarches: 0)
    try IndexRun(run, []).write(
      try source(mirror, excluding: Set(versions)), readsTarballs: false, &report)
    // `apply` reports omissions; a file that could not be written must stop the next steps.
    if let failure = report.failures.first { throw failure }
  }

  /// Lists again what was taken out of the existing indexes for removal, but is still there.
  func relist() throws(MirrorError) { try unlist([], in: try run.scan()) }

  /// Records the results of builds in the catalog, also for versions that will be removed.
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
      catalog: try run.catalog(), excluding: excluding, farm: run.environment.farm(),
      today: run.environment.today,
      now: run.environment.now())
  }

  /// The requested and the existing formats, in the order of writing.
  private func wanted(in mirror: Mirror) throws(MirrorError) -> [(format: IndexFormat, isWanted: Bool)] {
    let present = try IndexFormat.present(in: mirror)
    return IndexFormat.allCases.filter { formats.contains($0) || present.contains($0) }.map {
      ($0, formats.contains($0))
    }
  }

  private func write(
    _ source: IndexSource, readsTarballs: Bool, _ report: inout IndexReport
  ) throws(MirrorError) {
    try source.checkLosses()
    Log.step("writing indexes of \(counted(source.document.subarches.count, "subarch", "subarches"))")
    let (ownership, environment) = (try run.ownership(), run.environment)
    let publisher = try IndexPublisher(root: run.root, ownership)
    let signatures = IndexSignatures(run.configuration.signing, cancellation: environment.cancellation)
    for (format, isWanted) in try wanted(in: source.mirror) {
      if format == .packages {
        guard readsTarballs else { continue }
        let (written, problems) = try BinhostRun(run).writeIndexes(source.mirror)
        report.files += written
        report.problems += problems
        continue
      }
      if format == .metalink {
        guard readsTarballs else { continue }
        let metalinks = try MetalinkRun(
          source, isWanted: isWanted, ownershipRules: ownership, hashing: environment.hashing,
          progress: environment.progress, cancellation: environment.cancellation
        ).apply()
        report.add(metalinks)
        run.noteChanges(at: metalinks.changed)
        continue
      }
      let content = try format.content(source, isWanted: isWanted)
      report.problems += content.problems
      // What a file lists is reached by the links first.
      for link in content.links {
        try environment.cancellation.check()
        do throws(MirrorError) {
          if try publisher.publish(link) { report.files.append(link.path) }
        } catch { report.failures.append(error) }
      }
      for file in content.files {
        try environment.cancellation.check()
        do throws(MirrorError) {
          let isChanged =
            file.isClearSigned
            ? try publisher.publish(clearSigned: file, signatures)
            : try publisher.publish(file, format.isSigned ? signatures : nil)
          if isChanged { report.files.append(file.path) }
        } catch {
          // A failure of one file of many does not stop the others.
          if format.fileName != nil { throw error }
          report.failures.append(error)
        }
      }
    }
    for file in try CandidateIndex.files(source) where try publisher.publish(file, signatures) {
      report.files.append(file.path)
    }
    report.problems += report.failures + (signatures.fault.map { [$0] } ?? [])
  }
}

/// Result of writing indexes.
public struct IndexReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// Number of subarches in the index.
  let subarches: Int
  /// Files whose content changed.
  public internal(set) var files: [MirrorPath] = []
  /// What was omitted or could not be written.
  public internal(set) var problems: [MirrorError] = []
  /// What could not be written.
  var failures: [MirrorError] = []
  /// Tarballs whose content does not match their digests.
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

  /// What was written, and for how many subarches.
  public var summary: String? {
    guard let first = files.first else { return nil }
    let named = files.count == 1 ? "\(first)" : counted(files.count, "file", "files")
    return "\(named) written, \(counted(subarches, "subarch", "subarches"))"
  }

  /// Omissions and corrupt tarballs.
  public var messages: [MirrorError] { problems + corrupt.map { .corrupt(displayed($0)) } }

  /// `corrupt` if a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? problems.isEmpty ? .done : .partial : .corrupt }

  /// `mirror`, `changed` and `files`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(!files.isEmpty, forKey: .changed)
    try container.encode(files, forKey: .files)
  }
}
