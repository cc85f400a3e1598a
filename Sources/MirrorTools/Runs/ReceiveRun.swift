public import LinuxSystem
import MirrorModel

/// Moves uploads from build servers into the mirror.
public struct ReceiveRun {
  private let run: MirrorRun
  private let servers: [String]
  private let rules: ReceiveRules

  /// - Parameter servers: whose uploads to receive; none for all.
  public init(_ run: MirrorRun, _ servers: [String] = []) {
    self.run = run
    self.servers = servers
    rules = run.configuration.receiving
  }

  /// Receives only what one job of a farm uploaded.
  package init(_ run: MirrorRun, _ upload: String, only files: TargetFiles) {
    self.run = run
    servers = [upload]
    rules = ReceiveRules(upload, only: files)
  }

  /// Servers with a complete upload.
  public func plan() throws(MirrorError) -> [String] { try receiver().waiting() }

  /// Receives the uploads.
  public func apply() throws(MirrorError) -> ReceiveReport {
    let (result, receiver) = (run.environment.result, try receiver())
    // Also an upload that fails, or brings only control files, may have changed the mirror.
    if try !receiver.waiting().isEmpty { run.noteChanges() }
    var report = ReceiveReport(mirror: "\(run.root)")
    report.servers = try receiver.receive(servers) { upload in
      run.journal(upload.units.map { .init(.received, $0, detail: "from \(upload.server)") })
      for problem in upload.problems { run.tell(problem) }
      if let line = upload.line { result(ReportLine(line)) }
    }
    for server in Set(servers).subtracting(report.servers.map(\.server)).sorted() {
      if rules.servers[server] != nil {
        report.absent.append(server)
      } else {
        report.problems.append(unknown(server))
      }
    }
    return report
  }

  private func unknown(_ server: String) -> MirrorError {
    let known = rules.servers.keys.sorted().joined(separator: ", ")
    return MirrorError(
      .invalid, escaped(Array(server.utf8)), "is not a server with an upload in \(run.root)",
      remedy: known.isEmpty
        ? "check the name, which is that of a directory in .incoming"
        : "check the name; these may upload: \(known)")
  }

  private func receiver() throws(MirrorError) -> Receiver {
    let configuration = run.configuration
    return Receiver(
      root: run.root, layout: configuration.layout, ownership: try run.ownership(),
      rotation: configuration.rotation,
      rules: rules, signing: configuration.signing, catalog: try run.catalog(),
      hasher: run.hasher, now: run.environment.now(), probe: run.environment.probe)
  }
}

extension UploadReport {
  /// What was received; nil for nothing.
  fileprivate var line: String? {
    files > 0 ? "\(server): \(counted(files, "file", "files")) received, \(humanBytes(bytes))" : nil
  }
}

/// Result of receiving uploads.
public struct ReceiveReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// One report per server.
  public internal(set) var servers: [UploadReport] = []
  /// Requested servers that may upload, but have no upload.
  var absent: [String] = []
  /// Requested servers that are not known.
  var problems: [MirrorError] = []

  private enum CodingKeys: CodingKey { case mirror, servers, problems }

  private var absences: [String] { absent.map { "no upload from \($0) in \(mirror)" } }

  /// Servers without an upload.
  public var lines: [ReportLine] { absences.map { ReportLine($0) } }

  /// What was received.
  public var summary: String? {
    let lines = servers.compactMap(\.line) + absences
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }

  /// What could not be received.
  public var messages: [MirrorError] { servers.flatMap(\.problems) + problems }

  /// `failed` if no requested server is known.
  public var status: ExitStatus {
    messages.isEmpty ? .done : servers.isEmpty && absent.isEmpty ? .failed : .partial
  }
}
