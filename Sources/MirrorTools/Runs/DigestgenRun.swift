public import LinuxSystem
public import MirrorModel

/// Makes digests and signatures for what is new or changed, and removes those of what is gone.
public struct DigestgenRun {
  private let run: MirrorRun
  private let options: DigestOptions

  /// - Parameter options: which digests are made, and of what.
  public init(_ run: MirrorRun, _ options: DigestOptions = DigestOptions()) {
    self.run = run
    self.options = options
  }

  /// What would be done; reads the catalog and the files of digests that it does not know.
  ///
  /// - Throws: where a path of the options is not in the mirror.
  public func plan() throws(MirrorError) -> Planned<DigestPlan> {
    let mirror = try run.scan()
    let plan = try DigestGenerator(try run.digests()).plan(mirror, options)
    try run.check(options.paths, in: mirror)
    Log.step(
      "plan of digestgen: \(plan.hashes.count) to hash, \(plan.known.count) known but for their file, "
        + "\(plan.signatures.count) to sign, \(plan.removals.count) to remove")
    return Planned(plan, for: mirror)
  }

  /// Does what a plan of this run says.
  public func apply(_ planned: Planned<DigestPlan>) throws(MirrorError) -> DigestReport {
    let (mirror, result) = (planned.scan, run.environment.result)
    let report = try DigestGenerator(try run.digests()).apply(planned.plan, to: mirror) { action in
      result("\(action.kind.rawValue) \(mirror.displayed(action.path))")
    }
    run.noteChanges(at: report.actions.map(\.path))
    return report
  }
}

extension DigestPlan: Plan {
  /// What would be done, a line for each file.
  public func lines(in mirror: Mirror) -> [String] {
    var lines: [String] = []
    lines += hashes.map {
      "would digest \(mirror.displayed($0.path)) (\($0.reason.rawValue), \(humanBytes($0.size)))"
    }
    lines += known.map {
      "would \($0.isAdoption ? "adopt the digest of" : "check") \(mirror.displayed($0.path))"
    }
    lines += signatures.map {
      "would sign \(mirror.displayed($0.path)) (\($0.format.rawValue), \($0.reason.rawValue))"
    }
    lines += outdated.map { "would remove \(mirror.displayed($0.path)) if what it signs has changed" }
    lines += links.map { "would \($0.isRemoval ? "remove" : "link") \(mirror.displayed($0.path))" }
    lines += removals.map { "would remove \(mirror.displayed($0.path))" }
    lines += skipped.map { "would leave \(mirror.displayed($0.path)): \($0.reason)" }
    lines += corrupt.map { "would leave \(mirror.displayed($0)): it is corrupt" }
    lines += damaged.map { "would leave \(mirror.displayed($0)): it is damaged" }
    return lines
  }

  /// Corrupt tarballs.
  public func messages(in mirror: Mirror) -> [MirrorError] { corrupt.map { .corrupt(mirror.displayed($0)) } }

  /// Corrupt where a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? .done : .corrupt }
}

extension DigestReport: MirrorReport {
  private enum CodingKeys: CodingKey { case mirror, actions, skipped, corrupt, problems, bytes }

  /// What was not handed over as it was done.
  public var lines: [ReportLine] {
    actions.filter { !$0.kind.isSentAtOnce }.map { "\($0.kind.rawValue) \(displayed($0.path))" }
      + skipped.map { "left \(displayed($0.path)): \($0.reason)" }
  }

  /// How many files were made, by kind.
  public var summary: String? {
    let parts = Kind.allCases.compactMap { kind -> String? in
      let count = actions.count { $0.kind == kind }
      return count > 0
        ? "\(count) \(kind.rawValue)\(kind == .digested ? " (\(humanBytes(bytes)))" : "")" : nil
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// What could not be done, and corrupt tarballs.
  public var messages: [MirrorError] { problems + corrupt.map { .corrupt(displayed($0)) } }

  /// Corrupt where a tarball is.
  public var status: ExitStatus { corrupt.isEmpty ? problems.isEmpty ? .done : .partial : .corrupt }

  /// `mirror`, `actions`, `skipped`, `corrupt`, `problems` and `bytes`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mirror, forKey: .mirror)
    try container.encode(actions, forKey: .actions)
    try container.encode(skipped, forKey: .skipped)
    try container.encode(corrupt, forKey: .corrupt)
    try container.encode(problems, forKey: .problems)
    try container.encode(bytes, forKey: .bytes)
  }
}

extension MirrorError {
  /// A tarball whose content is not what its digests say.
  static func corrupt(_ subject: String) -> MirrorError {
    MirrorError(
      .invalid, subject, "its content is not what its digests say",
      remedy: "restore it, or \(run: .forceDigests)")
  }
}
