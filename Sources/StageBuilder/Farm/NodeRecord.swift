/// What is known about a node of a campaign.
package struct NodeRecord: Hashable, Codable, Sendable {
  package enum Phase: String, Codable, Sendable, CaseIterable {
    /// Not submitted, or to be submitted again.
    case waiting
    /// Its job waits for its turn, or for other jobs.
    case queued
    case running
    case done
    /// The build failed.
    case failed
    /// Never run, because a node that it needs was not done.
    case skipped
    case cancelled
    /// Its jobs ended without a result too often.
    case abandoned

    /// Whether it has a job that may still run.
    package var isActive: Bool { self == .queued || self == .running }
    /// Whether nothing more happens to it.
    package var isFinal: Bool { self != .waiting && !isActive }
  }

  package internal(set) var phase = Phase.waiting
  /// How many jobs it had.
  package internal(set) var tries = 0
  /// The number of the current or last job.
  package internal(set) var job: Int?
  /// Where the job runs or ran.
  package internal(set) var machine: String?
  /// How often its jobs ended without a result, by cause.
  package internal(set) var cuts: [FarmJobState.Cause: Int] = [:]
  /// The machines that cannot build it, and why.
  package internal(set) var unfit: [String: String]?
  /// The same by the names of the causes.
  var cutsByName: [String: Int] {
    Dictionary(uniqueKeysWithValues: cuts.map { ($0.key.rawValue, $0.value) })
  }
  /// Why it is in this phase, e.g. `exit status 1`, or the reason that the farm gives.
  package internal(set) var detail: String?
  /// Why its last job without a result ended.
  package internal(set) var lastCut: String?
  /// When it got into this phase, in seconds since the epoch.
  package internal(set) var since: Int64

  /// Whether its job was cancelled here, and may not have ended yet.
  var isEnding = false

  init(since: Int64) { self.since = since }

  /// Changes the phase.
  mutating func enter(_ phase: Phase, _ detail: String? = nil, at now: Int64) {
    if phase != self.phase { since = now }
    self.phase = phase
    self.detail = detail
  }

  /// Takes over what the farm says about its job.
  ///
  /// - Parameter note: what its machine says about itself.
  mutating func see(_ state: FarmJobState, _ rule: RetryRule, note: String? = nil, at now: Int64) {
    switch state {
    case .queued(let reason): enter(.queued, reason == "None" ? nil : reason, at: now)
    case .running: enter(.running, at: now)
    case .done: enter(.done, at: now)
    case .failed(let status): enter(.failed, "exit status \(status)", at: now)
    case .blocked: enter(.waiting, at: now)
    case .cancelled: enter(.cancelled, "its job was cancelled", at: now)
    case .cut(let cause):
      cuts[cause, default: 0] += 1
      if cause == .unfit, let machine { unfit = (unfit ?? [:]).merging([machine: note ?? "unknown"]) { $1 } }
      let detail = cause.text(machine) + (note.map { ": \($0)" } ?? "")
      lastCut = detail
      enter(rule.permits(cause, cuts) ? .waiting : .abandoned, detail, at: now)
    }
  }
}

extension FarmJobState.Cause {
  /// What happened to the job, for people.
  func text(_ machine: String?) -> String {
    let place = machine.map { " on \($0)" } ?? ""
    return switch self {
    case .lost: "its job was lost\(place)"
    case .preempted: "its job was preempted\(place)"
    case .time: "its job ran out of time\(place)"
    case .memory: "its job ran out of memory\(place)"
    case .forgotten: "Slurm does not know its job any more"
    case .impossible: "no machine has what its job asks for"
    case .unfit: "its job cannot be built\(place)"
    case .transfer: "its job could not fetch from the master, or deliver to it\(place)"
    }
  }
}
