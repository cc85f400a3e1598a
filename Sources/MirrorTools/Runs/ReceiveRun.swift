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
    report.unknown = Set(servers).subtracting(report.servers.map(\.server)).sorted()
    return report
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
  /// Requested servers without an upload.
  var unknown: [String] = []

  private enum CodingKeys: CodingKey { case mirror, servers }

  private var absences: [String] { unknown.map { "no upload from \($0) in \(mirror)" } }

  /// Servers without an upload.
  public var lines: [ReportLine] { absences.map { ReportLine($0) } }

  /// What was received.
  public var summary: String? {
    let lines = servers.compactMap(\.line) + absences
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }

  /// What could not be received.
  public var messages: [MirrorError] { servers.flatMap(\.problems) }
}
