public import LinuxSystem
import MirrorModel

/// Sends the mirror to its destinations, in an order that keeps it consistent for downloaders at all times.
public struct PublishRun {
  private let run: MirrorRun
  private let names: [String]
  private let check: PublishCheck

  /// - Parameters:
  ///   - names: destinations, as named in the configuration; none for all.
  ///   - check: which files to compare by content.
  public init(_ run: MirrorRun, _ names: [String] = [], check: PublishCheck = .none) {
    self.run = run
    self.names = names
    self.check = check
  }

  /// What would be sent to and removed from each destination.
  ///
  /// - Throws: if the configuration has no such destination.
  public func plan() throws(MirrorError) -> PublishReport {
    try forEachDestination { publication throws(MirrorError) in
      let (plan, report) = try publication.plan()
      return .init(name: publication.destination.name, report: report, plan: plan)
    }
  }

  /// Publishes to several destinations side by side; a failure at one does not stop the others.
  ///
  /// - Throws: if the configuration has no such destination, or the run was interrupted.
  public func apply() throws(MirrorError) -> PublishReport {
    let (catalog, result) = (try run.catalog(), run.environment.result)
    return try forEachDestination { publication throws(MirrorError) in
      .init(name: publication.destination.name, report: try publication.apply())
    } ended: { destination, outcome in
      if let report = outcome.report {
        if let line = report.line(tellsChecks: true) { result("\(destination.name): \(line)") }
        run.journal(report.deeds(to: destination.name))
      }
      // If the catalog cannot be written, only the time of this run is lost.
      try? catalog.note(run: destination.run, status: outcome.status.rawValue, at: run.environment.now())
    }
  }

  /// Sends only the public keys to each destination, before signatures by a new key.
  func sendKeys() throws(MirrorError) -> PublishReport {
    try forEachDestination { publication throws(MirrorError) in
      .init(name: publication.destination.name, report: try publication.sendKeys())
    }
  }

  /// Calls a function for several destinations side by side, and reports a failure of each as its result. The lock
  /// of the mirror is held all the time, so that nothing is removed beneath a transfer.
  ///
  /// - Parameters:
  ///   - body: called on any thread.
  ///   - ended: called on this thread as soon as a destination is done.
  private func forEachDestination(
    _ body: @escaping @Sendable (Publication) throws(MirrorError) -> PublishReport.Destination,
    ended: (PublishDestination, PublishReport.Destination) -> Void = { _, _ in }
  ) throws(MirrorError) -> PublishReport {
    let destinations = try destinations()
    let (mirror, environment, catalog) = (try run.scan(), run.environment, try run.catalog())
    let (rotation, hasher, now) = (run.configuration.rotation, run.hasher, environment.now())
    let check = self.check
    environment.progress.begin("publishing to", bytes: 0, files: 0)
    defer { environment.progress.end() }
    let lanes = DestinationLanes(destinations, environment.cancellation) {
      destination throws(MirrorError) -> PublishReport.Destination in
      Log.step("publishing to \(destination.name)")
      return try environment.progress.withPart(destination.name) {
        progress throws(MirrorError) -> PublishReport.Destination in
        try body(
          Publication(
            mirror, to: destination, rotation, catalog: catalog, hasher: hasher.showing(progress),
            progress: progress, now: now, check: check))
      }
    }
    var reports: [Int: PublishReport.Destination] = [:]
    var interruption: MirrorError?
    lanes.run { index, outcome in
      let result: PublishReport.Destination
      switch outcome {
      case .success(let report): result = report
      case .failure(let error) where error.code == .interrupted:
        interruption = error
        return
      case .failure(let error): result = .init(name: destinations[index].name, error: error)
      }
      for message in result.messages(in: "\(mirror.root)") { run.tell(message) }
      reports[index] = result
      ended(destinations[index], result)
    }
    if let interruption { throw interruption }
    var report = PublishReport(mirror: "\(mirror.root)")
    report.destinations = destinations.indices.compactMap { reports[$0] }
    return report
  }

  /// The destinations with these names, or all.
  private func destinations() throws(MirrorError) -> [PublishDestination] {
    let all = run.configuration.publishing
    guard !all.isEmpty || !names.isEmpty else {
      throw MirrorError(
        .invalid, "publish", "the configuration has no destination",
        remedy: "add a [section publish/NAME] with `to:`")
    }
    guard !names.isEmpty else { return all }
    var chosen: [PublishDestination] = []
    for name in names {
      guard let destination = all.first(where: { $0.name == name }) else {
        throw MirrorError(
          .invalid, name, "is not a destination",
          remedy: all.isEmpty
            ? "the configuration has no [section publish/\(name)]"
            : "destinations are \(all.map(\.name).joined(separator: ", "))")
      }
      chosen.append(destination)
    }
    return chosen
  }
}

/// Result or plan of publishing.
public struct PublishReport: MirrorReport {
  /// The part of one destination.
  public struct Destination: Encodable, Sendable {
    /// Its name in the configuration.
    public let name: String
    /// Exit status for this destination.
    public let status: ExitStatus
    /// What was done; nil for a plan, or if nothing could be done.
    public let report: DestinationReport?
    /// What would be done; nil if it was done.
    public let plan: PublishPlan?
    /// What could not be done.
    public let problems: [MirrorError]
    private let found: DestinationReport?

    private enum CodingKeys: CodingKey { case name, status, report, plan, problems }

    init(name: String, report: DestinationReport, plan: PublishPlan? = nil) {
      self.name = name
      self.plan = plan
      // The report of a plan has only findings.
      self.report = plan == nil ? report : nil
      found = report
      problems = report.problems
      let isCorrupt = !report.corruptThere.isEmpty || !report.corruptHere.isEmpty
      status = isCorrupt ? .corrupt : problems.isEmpty ? .done : .partial
    }

    init(name: String, error: MirrorError) {
      self.name = name
      (status, problems) = (ExitStatus(error), [error])
      (report, plan, found) = (nil, nil, nil)
    }

    /// Problems found on either side.
    fileprivate func messages(in mirror: String) -> [MirrorError] {
      problems + (found?.notices ?? []) + (found?.corruption(in: mirror) ?? [])
    }
  }

  /// Root of the mirror.
  public let mirror: String
  /// In the order of the configuration.
  public internal(set) var destinations: [Destination] = []

  private enum CodingKeys: CodingKey { case mirror, destinations }

  init(mirror: String) { self.mirror = mirror }

  /// One line per phase.
  public var lines: [ReportLine] {
    destinations.flatMap { destination in
      (destination.plan?.lines ?? []).map { ReportLine("\(destination.name): \($0)", isEssential: true) }
    }
  }

  /// What was sent and removed; checks are left out, since they change nothing.
  public var summary: String? {
    let lines = destinations.compactMap { destination in
      destination.report?.line(tellsChecks: false).map { "\(destination.name): \($0)" }
    }
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }

  /// Problems found.
  public var messages: [MirrorError] { destinations.flatMap { $0.messages(in: mirror) } }

  /// The status of the destinations, or `partial` if only some failed.
  public var status: ExitStatus {
    let all = destinations.map(\.status)
    let worst = all.reduce(ExitStatus.done) { $0.worse($1) }
    return worst == .failed && all.contains(.done) ? .partial : worst
  }
}

extension DestinationReport {
  /// The versions and snapshots that were sent; the mirror itself if only its indexes were.
  fileprivate func deeds(to name: String) -> [JournalEntry.Deed] {
    guard files + deleted > 0 else { return [] }
    guard units.isEmpty else { return units.map { .init(.published, $0, detail: "to \(name)") } }
    return [.init(.published, .root, detail: "to \(name): \(line(tellsChecks: false) ?? "")")]
  }

  /// What was sent and removed, in one line; nil for nothing.
  fileprivate func line(tellsChecks: Bool) -> String? {
    var parts: [String] = []
    if tellsChecks, compared > 0 {
      parts.append("\(counted(compared, "file", "files")) compared, \(humanBytes(comparedBytes))")
    }
    if files > 0 { parts.append("\(counted(files, "file", "files")) sent, \(humanBytes(bytes))") }
    if deleted > 0 { parts.append("\(deleted) deleted there") }
    parts += said
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Files whose content differs although size and time are the same.
  fileprivate func corruption(in mirror: String) -> [MirrorError] {
    corruptThere.map { path in
      MirrorError(
        .invalid, "publish \(destination)",
        "\(path) there differs from the file sent, with the same size and time",
        remedy: "it will be sent again; check the disk there")
    }
      + corruptHere.map { path in
        MirrorError(
          .invalid, "\(mirror)/\(path)", "content does not match its digests",
          remedy: "it is not sent; restore it, e.g. from publish \(destination), and \(run: .verify)")
      }
  }
}

extension PublishPlan {
  /// One line per phase with work to do.
  fileprivate var lines: [String] {
    summary.map { phase in
      let bytes = phase.bytes > 0 ? ", \(humanBytes(phase.bytes))" : ""
      return "would \(phase.verb) \(counted(phase.count, "file", "files")) (\(phase.name))\(bytes)"
    }
  }
}
