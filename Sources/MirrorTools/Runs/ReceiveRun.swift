public import LinuxSystem
import MirrorModel

/// Moves what build servers uploaded into the mirror.
public struct ReceiveRun {
  private let run: MirrorRun
  private let servers: [String]

  /// - Parameter servers: whose uploads are received; none for all.
  public init(_ run: MirrorRun, _ servers: [String] = []) {
    self.run = run
    self.servers = servers
  }

  /// Servers whose uploads are complete.
  public func plan() throws(MirrorError) -> [String] { try receiver().waiting() }

  /// Receives.
  public func apply() throws(MirrorError) -> ReceiveReport {
    let (result, receiver) = (run.environment.result, try receiver())
    var report = ReceiveReport(mirror: "\(run.root)")
    report.servers = try receiver.receive(servers) { upload in
      for problem in upload.problems { run.tell(problem) }
      if let line = upload.line { result(ReportLine(line)) }
    }
    report.unknown = Set(servers).subtracting(report.servers.map(\.server)).sorted()
    if report.servers.contains(where: { $0.files > 0 }) { run.noteChanges() }
    return report
  }

  private func receiver() throws(MirrorError) -> Receiver {
    let configuration = run.configuration
    return Receiver(
      root: run.root, ownership: try run.ownership(), rotation: configuration.rotation,
      rules: configuration.receiving, signing: configuration.signing, catalog: try run.catalog(),
      hasher: run.hasher, now: run.environment.now(), probe: run.environment.probe)
  }
}

extension UploadReport {
  /// What came in; nil where nothing did.
  fileprivate var line: String? {
    files > 0 ? "\(server): \(counted(files, "file", "files")) received, \(humanBytes(bytes))" : nil
  }
}

/// What was received.
public struct ReceiveReport: MirrorReport {
  /// Where the mirror is.
  public let mirror: String
  /// Server by server.
  public internal(set) var servers: [UploadReport] = []
  /// Servers that were asked for and have no upload.
  var unknown: [String] = []

  private enum CodingKeys: CodingKey { case mirror, servers }

  private var absences: [String] { unknown.map { "\($0): nothing of it waits in \(mirror)" } }

  /// Servers that have no upload.
  public var lines: [ReportLine] { absences.map { ReportLine($0) } }

  /// What came in.
  public var summary: String? {
    let lines = servers.compactMap(\.line) + absences
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
  }

  /// What was not received.
  public var messages: [MirrorError] { servers.flatMap(\.problems) }
}
