package import LinuxSystem
import MirrorTools

/// A campaign: targets that are built together on the farm, and what became of each so far.
package struct CampaignRecord: Sendable {
  /// What never changes.
  package struct Plan: Codable, Sendable {
    /// Increases when a reader of an older version would misunderstand the file.
    var format = 2
    package let id: String
    /// Root of the mirror that it was planned for.
    package let mirror: String
    /// In seconds since the epoch.
    package let created: Int64
    /// Each after those that it needs.
    package let nodes: [FarmNode]
    /// The version of mirrorctl that planned it: older ones may not build it. nil in campaigns of version 0.1.0.
    private(set) var version: String?
    /// The digest of the spec tree; nil if it does not matter.
    private(set) var specs: String?
    /// Whether the machines have mirrors of their own; nil if not.
    private(set) var hasOwnMirrors: Bool?

    init(
      id: String, mirror: String, created: Int64, nodes: [FarmNode], version: String? = nil,
      specs: String? = nil, hasOwnMirrors: Bool? = nil
    ) {
      self.id = id
      self.mirror = mirror
      self.created = created
      self.nodes = nodes
      self.version = version
      self.specs = specs
      self.hasOwnMirrors = hasOwnMirrors
    }
  }

  /// The target that a job calls so.
  package func node(of task: FarmTask) throws(MirrorError) -> FarmNode {
    guard task.campaign == plan.id, plan.nodes.indices.contains(task.number) else {
      throw MirrorError(
        .invalid, "\(task)", "is not a target of campaign \(plan.id)", remedy: "see \(run: .campaigns)")
    }
    return plan.nodes[task.number]
  }

  package let plan: Plan
  private(set) var records: [String: NodeRecord]

  /// Nothing was submitted yet.
  init(_ plan: Plan) {
    self.plan = plan
    records = [:]
    records.reserveCapacity(plan.nodes.count)
    for node in plan.nodes { records[node.id] = NodeRecord(since: plan.created) }
  }

  /// What is known about a node.
  package subscript(node: FarmNode) -> NodeRecord {
    records[node.id] ?? NodeRecord(since: plan.created)
  }

  /// Takes over a change; ignored if the node is not part of the campaign.
  mutating func apply(_ change: Change) {
    if records[change.node] != nil { records[change.node] = change.record }
  }

  /// The nodes that are not finished.
  var open: [FarmNode] { plan.nodes.filter { !self[$0].phase.isFinal } }
  /// Whether nothing more happens to any node.
  package var isFinished: Bool { records.values.allSatisfy { $0.phase.isFinal && !$0.isEnding } }
  /// When anything happened to a node last, in seconds since the epoch.
  var changed: Int64 { records.values.map(\.since).max() ?? plan.created }
  /// The number of nodes whose jobs wait or run.
  var active: Int { records.values.count(where: \.phase.isActive) }

  /// A new state of a node, as the journal of the campaign records it.
  struct Change: Hashable, Codable, Sendable {
    let node: String
    let record: NodeRecord
  }
}

extension CampaignRecord {
  /// What to record, and which jobs to end, according to what the farm says.
  ///
  /// - Parameters:
  ///   - jobs: those that Slurm knows; of a job that is missing, nothing is known.
  ///   - now: seconds since the epoch.
  func changes(
    seeing jobs: [SlurmJob], _ rule: RetryRule, at now: Int64
  ) -> (changes: [Change], superfluous: [Int]) {
    let found = Dictionary(grouping: jobs, by: \.mark.node)
    var (changes, superfluous) = ([Change](), [Int]())
    var next = self
    for node in plan.nodes {
      let own = found[node.id] ?? []
      let current = self[node]
      var record = current
      if !record.phase.isFinal {
        let job = Self.current(own, of: record)
        if let job, job.mark.number > record.tries || record.phase.isActive {
          (record.tries, record.job) = (job.mark.number, job.number)
          record.machine = job.machine ?? record.machine
          record.see(job.state, rule, note: job.note, at: now)
        } else if record.phase.isActive {
          record.see(.cut(.forgotten), rule, at: now)
        }
      }
      if record.isEnding, !own.contains(where: \.state.isActive) { record.isEnding = false }
      // Includes a job that was submitted twice because its first submission was not answered.
      superfluous += own.filter { $0.state.isActive && !(record.phase.isActive && $0.number == record.job) }
        .map(\.number)
      next.apply(Change(node: node.id, record: record))
      // After those that it needs.
      if record.phase == .waiting, let need = next.obstacle(to: node) {
        record.enter(.skipped, "needs \(need)", at: now)
        next.apply(Change(node: node.id, record: record))
      }
      if record != current { changes.append(Change(node: node.id, record: record)) }
    }
    return (changes, superfluous)
  }

  /// The job that counts: the recorded one, or a newer one, which was submitted by a run that did not record it.
  private static func current(_ jobs: [SlurmJob], of record: NodeRecord) -> SlurmJob? {
    if let newest = jobs.map(\.mark.number).max(), newest > record.tries {
      let same = jobs.filter { $0.mark.number == newest }
      return same.first { $0.state == .done } ?? same.min { $0.number < $1.number }
    }
    return jobs.first { $0.number == record.job }
  }

  /// A needed node that will not be done.
  private func obstacle(to node: FarmNode) -> String? {
    node.needs.first { need in records[need].map { $0.phase.isFinal && $0.phase != .done } ?? true }
  }

  /// The waiting nodes that can be submitted now, those that can run at once first.
  ///
  /// - Parameter limit: of nodes with a job at the same time.
  func due(upTo limit: Int) -> [FarmNode] {
    let room = max(0, limit - active)
    let waiting = plan.nodes.filter { self[$0].phase == .waiting }
    let ready = waiting.filter { $0.needs.allSatisfy { records[$0]?.phase == .done } }.prefix(room)
    var promised = Set(ready.map(\.id))
    var later: [FarmNode] = []
    for node in waiting where ready.count + later.count < room && !promised.contains(node.id) {
      let canFollow = node.needs.allSatisfy { need in
        promised.contains(need) || records[need].map { $0.phase == .done || $0.phase.isActive } ?? false
      }
      if canFollow {
        promised.insert(node.id)
        later.append(node)
      }
    }
    return ready + later
  }

  /// The job to submit for a node.
  func request(for node: FarmNode, _ settings: FarmSettings) -> JobRequest {
    let (record, rule) = (self[node], RetryRule(settings.retries))
    let jobs = node.needs.compactMap { records[$0] }.filter(\.phase.isActive).compactMap(\.job)
    let hasOwnMirror = plan.hasOwnMirrors == true && node.build != nil
    let number = hasOwnMirror ? plan.nodes.firstIndex { $0.id == node.id } : nil
    let terms = JobTerms(
      task: number.map { FarmTask(campaign: plan.id, number: $0) }, version: plan.version,
      unfit: unfit.keys.sorted())
    return JobRequest(
      mark: JobMark(campaign: plan.id, node: node.id, number: record.tries + 1), node: node, jobs: jobs,
      time: rule.time(settings, record.cuts), memory: rule.memory(settings, record.cuts),
      wait: rule.wait(record.cuts), terms: terms)
  }

  /// Why Slurm refuses a job.
  func reason(_ refusal: MirrorError) -> String {
    let reasons = unfit.sorted { $0.key < $1.key }.map { "\($0): \($1)" }
    return reasons.isEmpty
      ? refusal.problem : "no machine is fit: " + reasons.joined(separator: ", ")
  }

  /// The machines that turned out to be unable to build the campaign, and why.
  package var unfit: [String: String] {
    records.values.compactMap(\.unfit).reduce(into: [:]) { all, own in all.merge(own) { $1 } }
  }
}
