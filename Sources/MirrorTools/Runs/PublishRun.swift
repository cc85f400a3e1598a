public import LinuxSystem
import MirrorModel

/// Sends the mirror to its destinations, in an order that no downloader can stumble over.
public struct PublishRun {
  private let run: MirrorRun
  private let names: [String]
  private let check: PublishCheck

  /// - Parameters:
  ///   - names: destinations, as the configuration names them; none for all.
  ///   - check: what is compared by content.
  public init(_ run: MirrorRun, _ names: [String] = [], check: PublishCheck = .none) {
    self.run = run
    self.names = names
    self.check = check
  }

  /// What would be sent and removed at each destination.
  ///
  /// - Throws: where the configuration has no such destination.
  public func plan() throws(MirrorError) -> PublishReport {
    try forEachDestination { publication throws(MirrorError) in
      let (plan, report) = try publication.plan()
      return .init(name: publication.destination.name, report: report, plan: plan)
    }
  }

  /// Publishes to one destination after the other; what fails at one does not keep the others from theirs.
  ///
  /// - Throws: where the configuration has no such destination, and when the run is to stop.
  public func apply() throws(MirrorError) -> PublishReport {
    let (catalog, result) = (try run.catalog(), run.environment.result)
    return try forEachDestination { publication throws(MirrorError) in
      let name = publication.destination.name
      let report = try publication.apply()
      if let line = report.line(tellsChecks: true) { result("\(name): \(line)") }
      return .init(name: name, report: report)
    } ended: { destination, status in
      // A catalog that cannot be written loses only when this was.
      try? catalog.note(run: destination.run, status: status.rawValue, at: run.environment.now())
    }
  }

  /// Takes destinations one after the other, and what fails at each as its report.
  private func forEachDestination(
    _ body: (Publication) throws(MirrorError) -> PublishReport.Destination,
    ended: (PublishDestination, ExitStatus) -> Void = { _, _ in }
  ) throws(MirrorError) -> PublishReport {
    let destinations = try destinations()
    let (mirror, environment) = (try run.scan(), run.environment)
    var report = PublishReport(mirror: "\(mirror.root)", isWhole: mirror.problems.isEmpty)
    for destination in destinations where !environment.cancellation.isCancelled {
      Log.step("publishing to \(destination.name)")
      var result: PublishReport.Destination
      do throws(MirrorError) {
        result = try body(
          Publication(
            mirror, to: destination, run.configuration.rotation, catalog: try run.catalog(),
            hasher: run.hasher, progress: environment.progress, now: environment.now(), check: check))
      } catch {
        if error.code == .interrupted { throw error }
        result = .init(name: destination.name, error: error)
      }
      for message in result.messages(in: report.mirror) { run.tell(message) }
      report.destinations.append(result)
      ended(destination, result.status)
    }
    return report
  }

  /// The destinations of these names, or all.
  private func destinations() throws(MirrorError) -> [PublishDestination] {
    let all = run.configuration.publishing
    guard !all.isEmpty || !names.isEmpty else {
      throw MirrorError(
        .invalid, "publish", "the configuration names no place to publish to",
        remedy: "write a [section publish/NAME] with `to:`")
    }
    guard !names.isEmpty else { return all }
    var chosen: [PublishDestination] = []
    for name in names {
      guard let destination = all.first(where: { $0.name == name }) else {
        throw MirrorError(
          .invalid, name, "is no place to publish to",
          remedy: all.isEmpty
            ? "the configuration has no [section publish/\(name)]"
            : "there are \(all.map(\.name).joined(separator: ", "))")
      }
      chosen.append(destination)
    }
    return chosen
  }
}

/// What publishing came to, or would come to.
public struct PublishReport: MirrorReport {
  /// One destination's part.
  public struct Destination: Encodable, Sendable {
    /// Its name in the configuration.
    public let name: String
    /// How it ended.
    public let status: ExitStatus
    /// What was done; nil for a plan, and where nothing could be.
    public let report: DestinationReport?
    /// What would be done; nil where it was.
    public let plan: PublishPlan?
    /// What was not done.
    public let problems: [MirrorError]
    private let found: DestinationReport?

    private enum CodingKeys: CodingKey { case name, status, report, plan, problems }

    init(name: String, report: DestinationReport, plan: PublishPlan? = nil) {
      self.name = name
      self.plan = plan
      // That of a plan says only what was found.
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

    /// What was found amiss on either side.
    fileprivate func messages(in mirror: String) -> [MirrorError] {
      problems + (found?.notices ?? []) + (found?.corruption(in: mirror) ?? [])
    }
  }

  /// Where the mirror is.
  public let mirror: String
  /// In the order of the configuration.
  public internal(set) var destinations: [Destination] = []
  private let isWhole: Bool

  private enum CodingKeys: CodingKey { case mirror, destinations }

  init(mirror: String, isWhole: Bool) {
    self.mirror = mirror
    self.isWhole = isWhole
  }

  /// What would be done, a line a phase.
  public var lines: [ReportLine] {
    destinations.flatMap { destination in
      (destination.plan?.lines ?? []).map { ReportLine("\(destination.name): \($0)", isEssential: true) }
    }
  }

  /// What was sent and removed; checks are left out, as they change nothing.
  public var summary: String? {
    let lines = destinations.compactMap { destination in
      destination.report?.line(tellsChecks: false).map { "\(destination.name): \($0)" }
    }
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }

  /// What was found amiss.
  public var messages: [MirrorError] { destinations.flatMap { $0.messages(in: mirror) } }

  /// That of the destinations, or done in part if only some failed.
  public var status: ExitStatus {
    let all = destinations.map(\.status)
    let worst = all.reduce(ExitStatus.done) { $0.worse($1) }
    let status = worst == .failed && all.contains(.done) ? .partial : worst
    return isWhole ? status : status.worse(.partial)
  }
}

extension DestinationReport {
  /// What was sent, removed and said, in one line; nil where there is nothing to tell.
  fileprivate func line(tellsChecks: Bool) -> String? {
    var parts: [String] = []
    if tellsChecks, compared > 0 {
      parts.append("\(counted(compared, "file", "files")) compared, \(humanBytes(comparedBytes))")
    }
    if files > 0 { parts.append("\(counted(files, "file", "files")) sent, \(humanBytes(bytes))") }
    if deleted > 0 { parts.append("\(deleted) removed there") }
    parts += said
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Files that differ although nobody changed them.
  fileprivate func corruption(in mirror: String) -> [MirrorError] {
    corruptThere.map { path in
      MirrorError(
        .invalid, "publish \(destination)",
        "\(path) there differs from what was sent, with the same size and time",
        remedy: "it is sent again; check the disk there")
    }
      + corruptHere.map { path in
        MirrorError(
          .invalid, "\(mirror)/\(path)", "its content is not what its digests say",
          remedy: "it is not sent; restore it, perhaps from publish \(destination), and \(run: .verify)")
      }
  }
}

extension PublishPlan {
  /// A line for each phase that would do something.
  fileprivate var lines: [String] {
    summary.map { phase in
      let bytes = phase.bytes > 0 ? ", \(humanBytes(phase.bytes))" : ""
      return "would \(phase.verb) \(counted(phase.count, "name", "names")) (\(phase.name))\(bytes)"
    }
  }
}
