package import LinuxSystem
import MirrorModel
package import MirrorTools
package import SystemPackage

/// The campaigns of a mirror.
package struct Farm: Sendable {
  /// Each campaign is a directory in it.
  let directory: FilePath
  private let mirror: String
  private let settings: FarmSettings
  private let client: SlurmClient
  private let cancellation: Cancellation
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - stateDirectory: where catalogs are.
  ///   - launcher: begins each command of Slurm.
  package init(
    of mirror: FilePath, in stateDirectory: FilePath, _ settings: FarmSettings, launcher: [String] = [],
    cancellation: Cancellation, now: @escaping @Sendable () -> Int64 = { SystemClock.seconds }
  ) {
    directory = stateDirectory.appending("farm")
    self.mirror = "\(mirror.canonical)"
    self.settings = settings
    self.cancellation = cancellation
    self.now = now
    client = SlurmClient(settings, launcher: launcher, cancellation: cancellation)
  }

  /// The campaign with an ID.
  package func campaign(_ id: String) -> Campaign {
    Campaign(id, CampaignFile(directory: directory.appending(id)), settings, client, cancellation, now: now)
  }

  /// The campaigns of this mirror, oldest first.
  package func campaigns() throws(MirrorError) -> [Campaign] {
    try records().map { campaign($0.plan.id) }
  }

  /// Begins a campaign, and submits nothing yet. Nodes that are not finished in another campaign are not built twice:
  /// if it contains all of them, it is returned.
  ///
  /// - Throws: if the nodes are not a graph without circles, or code `refused` if another campaign contains some of them.
  package func campaign(of nodes: [FarmNode]) throws(MirrorError) -> Campaign { try begin(nodes).campaign }

  /// The same; also returns whether the campaign is new.
  ///
  /// - Parameter specs: the digest of the spec tree.
  package func begin(
    _ nodes: [FarmNode], specs: String? = nil
  ) throws(MirrorError) -> (campaign: Campaign, isNew: Bool) {
    let ordered = try FarmNode.ordered(nodes)
    try directory.makeDirectories(mode: 0o700)
    return try DirectoryLock.with(.root, in: AnchoredDirectory(root: directory), cancellation) {
      () throws(MirrorError) in
      let wanted = Set(nodes.map(\.id))
      let records = try records()
      try removeOld(records)
      for record in records where !record.isFinished {
        let shared = wanted.intersection(record.open.map(\.id))
        if shared == wanted { return (campaign(record.plan.id), false) }
        if let one = shared.min() {
          throw MirrorError(
            .refused, one, "is already part of campaign \(record.plan.id), which is not finished",
            remedy: "wait for it, or cancel it")
        }
      }
      let id = Self.newID(at: now())
      let new = campaign(id)
      let plan = CampaignRecord.Plan(
        id: id, mirror: mirror, created: now(), nodes: ordered, version: ToolVersion.text, specs: specs,
        hasOwnMirrors: settings.hasOwnMirrors ? true : nil)
      try new.file.create(plan)
      return (new, true)
    }
  }

  /// Seconds that a finished campaign is kept.
  private static let patience: Int64 = 30 * 86400

  /// Removes campaigns that were finished long ago.
  private func removeOld(_ records: [CampaignRecord]) throws(MirrorError) {
    let top = try AnchoredDirectory(root: directory)
    for record in records where record.isFinished && now() - record.changed > Self.patience {
      try TreeRemover(cancellation: cancellation).remove(FileName(record.plan.id), in: top)
    }
  }

  /// The groups of nodes that are not finished, and the campaigns that contain them.
  package func openGroups() throws(MirrorError) -> [String: String] {
    var groups: [String: String] = [:]
    for record in try records() {
      for node in record.open { if let group = node.group { groups[group] = record.plan.id } }
    }
    return groups
  }

  /// What a campaign for a plan consists of: the targets that do not exist yet.
  package func nodes(of plan: GraphPlan) -> [FarmNode] { plan.nodes(settings.command) }

  /// Moves campaigns on until all are finished, and waits while the controller is away.
  ///
  /// - Parameters:
  ///   - milliseconds: between two steps.
  ///   - absent: called when the controller begins to be away.
  ///   - changed: called with each new record.
  /// - Returns: their last records.
  /// - Throws: with code `interrupted` if a stop is requested; the jobs go on.
  package func run(
    _ campaigns: [Campaign], every milliseconds: UInt32 = 10_000, absent: (MirrorError) -> Void = { _ in },
    changed: (CampaignRecord) -> Void = { _ in }
  ) throws(MirrorError) -> [CampaignRecord] {
    var finished: [String: CampaignRecord] = [:]
    var isAway = false
    while true {
      do throws(SlurmError) {
        for campaign in campaigns where finished[campaign.id] == nil {
          let record = try campaign.step()
          changed(record)
          if record.isFinished { finished[campaign.id] = record }
        }
        isAway = false
      } catch {
        guard case .away(let error) = error else { throw error.error }
        if !isAway { absent(error) }
        isAway = true
      }
      if finished.count == campaigns.count { return campaigns.compactMap { finished[$0.id] } }
      try cancellation.wait(milliseconds: milliseconds)
    }
  }

  private func records() throws(MirrorError) -> [CampaignRecord] {
    guard directory.exists else { return [] }
    var records: [CampaignRecord] = []
    for entry in try AnchoredDirectory(root: directory).entries() where entry.kind == .directory {
      let file = CampaignFile(directory: directory.appending("\(entry.name)"))
      if let record = try file.read(), record.plan.mirror == mirror { records.append(record) }
    }
    return records.sorted { ($0.plan.created, $0.plan.id) < ($1.plan.created, $1.plan.id) }
  }

  /// The time, and a random number for those of the same second.
  private static func newID(at now: Int64) -> String {
    UTCText.digits(now) + "-" + String(UInt32.random(in: .min ... .max), radix: 36)
  }
}
