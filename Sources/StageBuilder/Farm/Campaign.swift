package import LinuxSystem
import MirrorTools

/// Moves a campaign on: looks at its jobs, records what became of them, and submits what is due.
///
/// Any number of runs may move the same campaign, one after the other; each of them may be killed at any time. A job is
/// found again by its comment, so one whose submission was not recorded is not submitted again.
package struct Campaign: Sendable {
  package let id: String
  let file: CampaignFile
  private let settings: FarmSettings
  private let client: SlurmClient
  private let cancellation: Cancellation
  /// Returns the time in seconds since the epoch.
  private let now: @Sendable () -> Int64

  init(
    _ id: String, _ file: CampaignFile, _ settings: FarmSettings, _ client: SlurmClient,
    _ cancellation: Cancellation, now: @escaping @Sendable () -> Int64
  ) {
    self.id = id
    self.file = file
    self.settings = settings
    self.client = client
    self.cancellation = cancellation
    self.now = now
  }

  /// What is recorded.
  package func record() throws(MirrorError) -> CampaignRecord {
    guard let record = try file.read() else {
      throw MirrorError(.invalid, id, "is not a campaign", remedy: "see \(run: .campaigns)")
    }
    return record
  }

  /// Does once what can be done now; returns the new record.
  @discardableResult
  package func step() throws(SlurmError) -> CampaignRecord {
    try changing { record throws(SlurmError) in
      try look(&record)
      try submit(&record)
    }
  }

  /// Takes over what the farm says, without submitting anything.
  @discardableResult
  package func look() throws(SlurmError) -> CampaignRecord {
    try changing { record throws(SlurmError) in try look(&record) }
  }

  /// Cancels what is not finished.
  ///
  /// - Throws: ``SlurmError/away(_:)`` if the jobs could not be ended yet: the next step does it.
  package func cancel() throws(SlurmError) -> CampaignRecord {
    let now = now()
    return try changing { record throws(SlurmError) in
      let open = record.plan.nodes.filter { !record[$0].phase.isFinal }
      try note(
        open.map { node in
          var changed = record[node]
          changed.isEnding = changed.phase.isActive
          changed.enter(.cancelled, "on request", at: now)
          return CampaignRecord.Change(node: node.id, record: changed)
        }, &record)
      // Only jobs that Slurm says are ours: a controller that was killed may use the number of a job again.
      try look(&record)
    }
  }

  /// Makes nodes that were not done due again, and forgets how often their jobs were lost, and which machines were unfit.
  ///
  /// - Parameter wanted: IDs; nil for all that failed, were abandoned, skipped or cancelled.
  package func retry(_ wanted: Set<String>? = nil) throws(SlurmError) -> CampaignRecord {
    let now = now()
    return try changing { record throws(SlurmError) in
      var revived = Set<String>()
      var changes: [CampaignRecord.Change] = []
      for node in record.plan.nodes {
        var changed = record[node]
        changed.unfit = nil
        // Nodes that were skipped only because of others come back with them.
        let follows = changed.phase == .skipped && node.needs.contains(where: revived.contains)
        if changed.phase.isFinal, changed.phase != .done, wanted?.contains(node.id) ?? true || follows {
          changed.enter(.waiting, at: now)
          changed.cuts = [:]
          revived.insert(node.id)
        }
        if changed != record[node] {
          changes.append(CampaignRecord.Change(node: node.id, record: changed))
        }
      }
      try note(changes, &record)
    }
  }

  /// The end of the log of a node's last job.
  ///
  /// - Parameter bytes: the maximum size.
  package func log(of node: FarmNode, bytes: Int = 1 << 20) throws(SlurmError) -> [UInt8] {
    let record: CampaignRecord
    do throws(MirrorError) { record = try self.record() } catch { throw .failed(error) }
    let known = record[node]
    guard let job = known.job, let machine = known.machine else {
      throw .failed(
        MirrorError(.invalid, node.id, "has no log yet", remedy: "wait until its job starts"))
    }
    return try client.log(of: job, on: machine, isRunning: known.phase == .running, bytes: bytes)
  }

  private func look(_ record: inout CampaignRecord) throws(SlurmError) {
    var jobs = try client.jobs(of: id)
    let known = Set(jobs.map(\.number))
    var missing: [Int: (mark: JobMark, name: String)] = [:]
    for node in record.plan.nodes {
      let own = record[node]
      if own.phase.isActive, let job = own.job, !known.contains(job) {
        missing[job] = (JobMark(campaign: id, node: node.id, number: own.tries), node.jobName)
      }
    }
    if !missing.isEmpty { jobs += try client.pastJobs(missing) }
    let (changes, superfluous) = record.changes(seeing: jobs, RetryRule(settings.retries), at: now())
    try note(changes, &record)
    if !superfluous.isEmpty { try client.cancel(superfluous) }
  }

  private func submit(_ record: inout CampaignRecord) throws(SlurmError) {
    for node in record.due(upTo: settings.slice) {
      var own = record[node]
      do throws(SlurmError) {
        let job = try client.submit(record.request(for: node, settings))
        (own.tries, own.job, own.machine) = (own.tries + 1, job, nil)
        own.enter(.queued, at: now())
      } catch {
        switch error {
        // Those that follow can wait, too.
        case .full: return
        case .refused(let error): own.enter(.abandoned, record.reason(error), at: now())
        case .away, .failed: throw error
        }
      }
      try note([CampaignRecord.Change(node: node.id, record: own)], &record)
      do throws(MirrorError) { try cancellation.check() } catch { throw .failed(error) }
    }
  }

  /// Reads the record, changes it with the lock held, and returns it.
  private func changing(
    _ body: (inout CampaignRecord) throws(SlurmError) -> Void
  ) throws(SlurmError) -> CampaignRecord {
    let result: Result<CampaignRecord, SlurmError>
    do throws(MirrorError) {
      result = try file.locked(cancellation) { () throws(MirrorError) in
        var record = try self.record()
        do throws(SlurmError) { try body(&record) } catch { return .failure(error) }
        return .success(record)
      }
    } catch { throw .failed(error) }
    return try result.get()
  }

  private func note(
    _ changes: [CampaignRecord.Change], _ record: inout CampaignRecord
  ) throws(SlurmError) {
    do throws(MirrorError) { try file.append(changes) } catch { throw .failed(error) }
    for change in changes { record.apply(change) }
  }
}
