package import LinuxSystem
package import MirrorTools

/// What became of the targets of campaigns.
package struct FarmReport: MirrorReport {
  /// Root of the mirror.
  package let mirror: String
  private let campaigns: [CampaignEntry]
  /// Why the farm could not be asked.
  package let messages: [MirrorError]
  /// Whether targets that are not done count as failures of this run.
  private let isResult: Bool

  private enum CodingKeys: CodingKey { case mirror, campaigns }

  /// - Parameters:
  ///   - isResult: whether targets that are not done count as failures of this run.
  package init(
    mirror: String, _ records: [CampaignRecord], messages: [MirrorError] = [], isResult: Bool = false
  ) {
    self.mirror = mirror
    campaigns = records.map(CampaignEntry.init)
    self.messages = messages
    self.isResult = isResult
  }

  /// A heading and one line per target for each campaign.
  package var lines: [ReportLine] { campaigns.flatMap(\.lines) }

  package var status: ExitStatus {
    let targets = campaigns.flatMap(\.targets)
    guard isResult, targets.contains(where: { $0.state != .done }) else {
      return messages.isEmpty ? .done : .partial
    }
    return targets.contains { $0.state == .done } ? .partial : .failed
  }
}

/// A campaign in a report.
private struct CampaignEntry: Encodable {
  let id: String
  let created: Int64
  let isFinished: Bool
  let targets: [TargetEntry]
  /// The machines that cannot build it, and why.
  let unfit: [String: String]

  private enum CodingKeys: String, CodingKey {
    case id, created, isFinished = "finished", targets, unfit
  }

  init(_ record: CampaignRecord) {
    id = record.plan.id
    created = record.plan.created
    isFinished = record.isFinished
    targets = record.plan.nodes.map { TargetEntry($0, record[$0]) }
    unfit = record.unfit
  }

  var lines: [ReportLine] {
    let counts = NodeRecord.Phase.allCases.compactMap { phase -> String? in
      let count = targets.count { $0.state == phase }
      return count == 0 ? nil : "\(count) \(phase.rawValue)"
    }
    let isSound = targets.allSatisfy { $0.state == .done || !$0.state.isFinal }
    let heading =
      "campaign \(id): \(counted(targets.count, "target", "targets")): \(counts.joined(separator: ", "))"
    let others = unfit.sorted { $0.key < $1.key }.map { machine, reason in
      ReportLine("  unfit      \(machine): \(escaped(Array(reason.utf8)))", isEssential: !isFinished)
    }
    return [ReportLine(heading, isEssential: !isSound)] + targets.map(\.line) + others
  }
}

/// A target in a report.
private struct TargetEntry: Encodable {
  let id: String
  let name: String
  let state: NodeRecord.Phase
  let since: Int64
  /// How many jobs it had.
  let tries: Int
  let job: Int?
  let machine: String?
  let detail: String?
  /// How often its jobs ended without a result, by cause.
  let cuts: [String: Int]
  /// Why the last of them did.
  let lastCut: String?

  init(_ node: FarmNode, _ record: NodeRecord) {
    id = node.id
    name = node.name
    state = record.phase
    since = record.since
    tries = record.tries
    job = record.job
    machine = record.machine
    detail = record.detail
    cuts = record.cutsByName
    lastCut = record.lastCut
  }

  var line: ReportLine {
    var parts = [state.rawValue.padded(to: 9), id]
    if name != id { parts.append(escaped(Array(name.utf8))) }
    if let job { parts.append("job \(job)" + (machine.map { " on \($0)" } ?? "")) }
    if tries > 1 {
      let cause = lastCut.flatMap { state.isActive ? " (\(escaped(Array($0.utf8))))" : nil }
      parts.append("try \(tries)\(cause ?? "")")
    }
    if let detail { parts.append(escaped(Array(detail.utf8))) }
    return ReportLine(
      "  " + parts[0] + "  " + parts[1...].joined(separator: ", "),
      isEssential: state.isFinal && state != .done)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

/// The end of the log of a target.
package struct FarmLog: Report {
  private let campaign: String
  private let target: String
  private let job: Int?
  private let log: String

  package init(campaign: String, target: String, job: Int?, _ bytes: [UInt8]) {
    self.campaign = campaign
    self.target = target
    self.job = job
    log = String(decoding: bytes, as: UTF8.self)
  }

  /// The lines of the log.
  package var lines: [ReportLine] {
    log.split(separator: "\n", omittingEmptySubsequences: false).map {
      ReportLine(String($0), isEssential: true)
    }
  }
}
