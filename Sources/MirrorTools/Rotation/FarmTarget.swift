/// A target that machines of a farm build, as its campaign recorded it last.
public struct FarmTarget: Codable, Hashable, Sendable {
  /// The ID of the campaign.
  public let campaign: String
  /// Its ID in the campaign.
  public let target: String
  /// `BUILD/ARCH/SUBARCH`; nil for a snapshot that several subarches share.
  public let subarch: String?
  /// `waiting`, `queued`, `running`, `done`, or how it ended.
  public let state: String
  /// Since when, in seconds since the epoch.
  public let since: Int64
  /// Where its job runs or ran.
  public let machine: String?
  /// Why it is in this state.
  public let detail: String?
  /// How often its jobs ended without a result, by cause.
  public let cuts: [String: Int]

  /// Creates a value.
  public init(
    campaign: String, target: String, subarch: String?, state: String, since: Int64, machine: String?,
    detail: String?, cuts: [String: Int]
  ) {
    self.campaign = campaign
    self.target = target
    self.subarch = subarch
    self.state = state
    self.since = since
    self.machine = machine
    self.detail = detail
    self.cuts = cuts
  }

  /// Whether its job runs.
  public var isRunning: Bool { state == "running" }
  var isQueued: Bool { state == "queued" }
  var isWaiting: Bool { state == "waiting" }
}

extension [FarmTarget] {
  /// How often all their jobs ended without a result, by cause, in the order of the causes.
  public var cuts: [(cause: String, count: Int)] {
    reduce(into: [String: Int]()) { sum, target in sum.merge(target.cuts) { $0 + $1 } }
      .sorted { $0.key < $1.key }.map { (cause: $0.key, count: $0.value) }
  }

  /// One line per campaign: the number of targets in each state, where they run, and what was cut short.
  public var summaries: [String] {
    var names: [String] = []
    var campaigns: [String: [FarmTarget]] = [:]
    for target in self {
      if campaigns[target.campaign] == nil { names.append(target.campaign) }
      campaigns[target.campaign, default: []].append(target)
    }
    return names.map { name in
      let targets = campaigns[name] ?? []
      var states: [String] = []
      for target in targets where !states.contains(target.state) { states.append(target.state) }
      let counts = states.map { state in "\(targets.count { $0.state == state }) \(state)" }
      let places = Set(targets.filter(\.isRunning).compactMap(\.machine)).sorted()
      let cuts = targets.cuts.map { "\($0.count) \($0.cause)" }
      return "farm: campaign \(name): \(counts.joined(separator: ", "))"
        + (places.isEmpty ? "" : "; on \(places.joined(separator: ", "))")
        + (cuts.isEmpty ? "" : "; jobs cut short: \(cuts.joined(separator: ", "))")
    }
  }
}
